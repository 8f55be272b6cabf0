"""Text that others wrote into a database without an encoding: PostgreSQL hands out any bytes."""

from typing import Any

from psycopg import Connection
from psycopg.abc import Buffer
from psycopg.adapt import Loader

from sync_worker.registry.dialect.session import NO_ENCODING

_TYPES = ("text", "varchar", "bpchar", "name")


class _ForeignText(Loader):
    """Reads what is not UTF-8 as replacement characters, instead of failing for good."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "replace")


def accept(driver: Connection[Any], _record: object) -> None:
    """Have a connection read whatever bytes a database without an encoding holds as text."""
    if driver.info.parameter_status("server_encoding") == NO_ENCODING:
        for name in _TYPES:
            driver.adapters.register_loader(name, _ForeignText)
