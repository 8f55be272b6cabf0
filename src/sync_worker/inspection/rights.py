"""What a check finds where the user's role may not look: that is not a fault of the registry."""

from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from sync_worker.inspection.doctor import Finding, fail, skip
from sync_worker.registry import dialect, roles
from sync_worker.registry.database import Registry
from sync_worker.registry.errors import first_line, is_denied
from sync_worker.remedies import Remedy


def where_permitted(
    look: Callable[[], Finding], registry: Callable[[], Registry]
) -> Callable[[], Finding]:
    """The same look, skipped for a role that was never meant to see what it looks at."""

    def look_or_skip() -> Finding:
        try:
            return look()
        except DBAPIError as error:
            if not is_denied(error):
                raise
            return _denied(registry(), first_line(error))

    return look_or_skip


def _denied(registry: Registry, said: str) -> Finding:
    with registry.snapshot() as connection:
        role, login = roles.role_in_use(connection), dialect.role(connection)
    if role == roles.WORKER:
        return fail(f"The user {login} may not look at this: {said}.", Remedy.APPLY_ROLES())
    return skip(
        f"Not for the user {login}, who has the role {role}: a user with the role {roles.WORKER} "
        "can check this."
    )
