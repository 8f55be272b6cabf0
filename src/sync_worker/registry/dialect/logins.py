"""How a PostgreSQL server is logged in to by a process that runs for long."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import Engine, event

from sync_worker.logins.refusals import Refusals
from sync_worker.registry import address
from sync_worker.registry.errors import refuses_login


class Login(NamedTuple):
    """What a process that runs for long logs in with."""

    url: Callable[[], str]
    """The URL as it is now: its password may be another one than it was."""
    refusals: Refusals


def renew(engine: Engine, login: Login) -> None:
    """Have each new connection made in this way."""
    last: list[Exception] = []

    def connect(dialect: Any, _record: object, args: Any, parameters: dict[str, Any]) -> Any:
        if login.refusals.wait_seconds() and last:
            raise type(last[0])(*last[0].args)
        stated = address.parameters_of(login.url())
        try:
            connection = dialect.connect(*args, **{**parameters, **stated})
        except dialect.loaded_dbapi.OperationalError as error:
            if refuses_login(error):
                last[:] = [error]
                login.refusals.refused(str(error))
            raise
        login.refusals.accepted()
        return connection

    event.listen(engine, "do_connect", connect)
