"""What each transaction of PostgreSQL begins with, whatever its server, role or environment set.

Settings are given per transaction: nothing outlives it, so that a pooler (PgBouncer in transaction
mode) may hand the session on. They travel with the BEGIN, in one round trip.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from math import ceil

from sqlalchemy import Connection, Engine, event

from sync_worker.registry.dialect import path

PINNED: Mapping[str, str] = {
    "client_encoding": "UTF8",  # all text is Unicode; another encoding lacks most of it
    "datestyle": "ISO",  # the driver reads no other
    "intervalstyle": "postgres",  # the same
    "timezone": "UTC",  # the driver gives instants in the session's zone
    "bytea_output": "hex",  # the shorter of the two to read
    "array_nulls": "on",  # columns are sent as array literals; off reads NULL as a word
    "standard_conforming_strings": "on",  # off reads backslashes in literals
    "transform_null_equals": "off",  # a comparison with NULL is not IS NULL
    "row_security": "on",  # off refuses what a policy would only filter
    "exit_on_error": "off",  # on ends the session where one record's data is refused
}
"""Setting → value that the program relies on; the comment says for what. For any user to set."""

NO_ENCODING = "SQL_ASCII"
"""Of a database that holds any bytes. It would refuse to hand out those that are not UTF-8, so it
is asked for bytes, and given those of UTF-8."""

_CORRECTED: Mapping[str, tuple[str, str]] = {
    # Replica fires no triggers: no change would be logged, and none refused. It is a superuser's
    # to set, so that a session that was given it, and may not take it back, is refused.
    "session_replication_role": ("origin", "<> 'origin'"),
    # What was answered as done is done, also after a crash. Which replicas it waits for is theirs
    # to say who run the server.
    "synchronous_commit": ("on", "= 'off'"),
}
"""Setting → value, and the values in place of which it is set; all others stay."""

_KNOWS_TRANSACTION_TIMEOUT = 170_000
"""The first version of PostgreSQL that can end any transaction, idle or not."""


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """After how many seconds the server ends what a session does; 0 is never."""

    statement: float
    lock: float
    """Of waiting for one lock."""
    idle: float
    """Of silence within a transaction: a process that is frozen does not hold up the others."""
    transaction: float
    """Of all of it; known from PostgreSQL 17 on."""
    idle_while_reading: float
    """Of silence in one that only reads: it locks out nobody but upgrades of the schema."""

    def of_reading(self) -> "TimeLimits":
        """The limits of a transaction that only reads."""
        return replace(self, idle=self.idle_while_reading)

    def within(self, seconds: float) -> "TimeLimits":
        """These limits, for one who must be back from a transaction within so many seconds."""
        return TimeLimits(
            statement=min(self.statement, seconds / 4),
            lock=min(self.lock, seconds / 4),
            idle=min(self.idle, seconds / 2),
            transaction=min(self.transaction, seconds / 2),
            idle_while_reading=min(self.idle_while_reading, seconds / 2),
        )


WORKER = TimeLimits(statement=8, lock=5, idle=10, transaction=30, idle_while_reading=10)
"""Its place in the group is dear, and what took too long is tried again with less."""

COMMAND = TimeLimits(statement=600, lock=30, idle=10, transaction=1800, idle_while_reading=1800)
"""A long list, import or purge is let finish; one that is suspended midway is not waited for. What
only reads may be on somebody's screen, page by page."""

UPGRADE = TimeLimits(statement=0, lock=120, idle=60, transaction=0, idle_while_reading=60)
"""A migration takes as long as its tables are large."""


def begin_with(engine: Engine, limits: TimeLimits) -> None:
    """Have every transaction of the engine begin with the pinned settings and these limits."""

    def begin(connection: Connection) -> None:
        is_reading = connection.get_execution_options().get("reads_only", False)
        info = connection.connection.dbapi_connection.info  # type: ignore[union-attr]
        is_bytes = info.parameter_status("server_encoding") == NO_ENCODING
        connection.exec_driver_sql(
            _beginning(limits, info.server_version, is_reading=is_reading, is_bytes=is_bytes)
        )

    event.listen(engine, "begin", begin)


@cache
def _beginning(limits: TimeLimits, version: int, *, is_reading: bool, is_bytes: bool) -> str:
    # Not left to the server: after a wait for a lock, the next statement is to see it all. Whether
    # it may write is left to the server, where it may: a standby refuses to be told.
    mode = "REPEATABLE READ, READ ONLY" if is_reading else "READ COMMITTED"
    settings = {**PINNED, **_timeouts(limits.of_reading() if is_reading else limits, version)}
    if is_bytes:
        settings["client_encoding"] = NO_ENCODING
    return "; ".join(
        [
            f"BEGIN ISOLATION LEVEL {mode}, NOT DEFERRABLE",
            path.CATALOGUE_ALONE,
            *_clock_stopped(version),
            *(f"SET LOCAL {name} TO '{value}'" for name, value in settings.items()),
            *(
                f"SELECT pg_catalog.set_config('{name}', '{value}', true)"
                f" WHERE pg_catalog.current_setting('{name}') {unwanted}"
                for name, (value, unwanted) in _CORRECTED.items()
            ),
        ]
    )


def _clock_stopped(version: int) -> list[str]:
    """Stop the clock that runs since BEGIN: it would keep to the limit of before."""
    return ["SET LOCAL transaction_timeout TO 0"] if version >= _KNOWS_TRANSACTION_TIMEOUT else []


def _timeouts(limits: TimeLimits, version: int) -> dict[str, str]:
    seconds = {
        "statement_timeout": limits.statement,
        "lock_timeout": limits.lock,
        "idle_in_transaction_session_timeout": limits.idle,
    }
    if version >= _KNOWS_TRANSACTION_TIMEOUT:
        seconds["transaction_timeout"] = limits.transaction
    # Rounded up: 0 is no limit at all.
    return {name: f"{ceil(limit * 1000)}ms" for name, limit in seconds.items()}
