"""Text for a database that is not in UTF-8, and so lacks most characters.

The server refuses a statement that holds such a character, in a condition as well as in a row.
"""

import codecs
from collections.abc import Iterable
from functools import cache

from sqlalchemy import Connection

_ANY_CHARACTER = {"UTF8", "SQL_ASCII"}
"""PostgreSQL's names of encodings that lack no character."""


def storable(connection: Connection, words: str) -> str:
    """Words of ours as this database can keep them; a character that it lacks becomes an escape.

    A record may be set aside because of such a character: what is said of the record must not meet
    the same fate.
    """
    if words.isascii() or (codec := _codec_of(connection)) is None:
        return words
    return words.encode(codec, "backslashreplace").decode(codec)


def escaped(words: str) -> str:
    """Words that every encoding has: in ASCII."""
    return words.encode("ascii", "backslashreplace").decode()


def that_can_be_stored(connection: Connection, values: Iterable[str]) -> list[str]:
    """Those of the values that can stand in this database: it need not be asked for the others."""
    if _codec_of(connection) is None:
        return list(values)
    return [value for value in values if storable(connection, value) == value]


def _codec_of(connection: Connection) -> str | None:
    """Python's name of the database's encoding; None where it lacks no character."""
    if connection.dialect.name != "postgresql":
        return None
    driver = connection.connection.dbapi_connection
    name = driver.info.parameter_status("server_encoding")  # type: ignore[union-attr]
    return None if name in _ANY_CHARACTER else _codec(name)


@cache
def _codec(name: str) -> str:
    for spelling in (name, name.replace("WIN", "cp")):
        try:
            return codecs.lookup(spelling).name
        except LookupError:
            continue
    return "ascii"  # which all of PostgreSQL's encodings have
