"""Calls of PostgreSQL's driver past SQLAlchemy, which hears of them as of its own.

Its way from a statement to the driver and back takes longer than all that the driver does, and a
transaction with one event has half a dozen statements (decision 0064).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection


def call(
    connection: Connection,
    cursor: Any,
    text: str,
    values: Sequence[Any] | None = None,
    *,
    prepare: bool = False,
) -> None:
    """Have a cursor of the connection's driver execute this, within the transaction that is open.

    Raises:
        DBAPIError: it failed; if the connection broke, it is not used again.
    """
    events = connection.dispatch
    for begins in events.before_cursor_execute:
        begins(connection, cursor, text, values, None, False)
    try:
        cursor.execute(text.encode(), values, prepare=prepare)
    except BaseException as error:
        is_ours = isinstance(error, Exception)
        if is_ours and not isinstance(error, connection.dialect.loaded_dbapi.Error):
            raise
        # As SQLAlchemy does with what is raised by its own calls; it has no other face.
        connection._handle_dbapi_exception(error, text, values, cursor, None)  # noqa: SLF001
    for ended in events.after_cursor_execute:
        ended(connection, cursor, text, values, None, False)
