"""Columns that hold the same in both databases."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, String, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

_WIDTH = len("0001-01-01T00:00:00.000000Z")


class Instant(TypeDecorator[datetime]):
    """An instant in UTC with microseconds.

    SQLite keeps it as text of a fixed width, so that it sorts and compares as an instant.
    """

    impl = String(_WIDTH)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(_WIDTH))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        text = value.astimezone(UTC).isoformat(timespec="microseconds")
        return text.removesuffix("+00:00") + "Z"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name == "postgresql":
            return value  # type: ignore[no-any-return]  # psycopg has made it a datetime
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return None  # somebody wrote by hand what is not an instant
        # SQLite's own clock, which a person may have used, is UTC and does not say so.
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Bytewise = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that compares byte by byte, as SQLite's does anyway."""


class ListText(UserDefinedType[str]):
    """A list as one text, whose type the server takes from where the parameter stands.

    An array that is cast from text is parsed twice: to guess how many rows there will be, and then
    to make them.
    """

    cache_ok = True

    def literal_processor(self, dialect: Dialect) -> Callable[[str], str] | None:
        return Text().literal_processor(dialect)  # type: ignore[no-any-return, no-untyped-call]


RowNumber = BigInteger().with_variant(Integer(), "sqlite")
"""A key that the database counts up; SQLite does so for INTEGER alone."""

GREATEST_NUMBER = 2**63 - 1
"""No row has a greater one, and no database can be asked for it."""
