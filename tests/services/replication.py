"""A primary and its standby, which takes over: a failover, as clusters of PostgreSQL do it."""

from typing import Any

import psycopg

from tests.services.postgres import NativePostgres
from tests.services.waiting import until


class Replication:
    """Two servers, of which the second follows the first until it is promoted."""

    def __init__(self, *, synchronous: bool) -> None:
        self._is_synchronous = synchronous
        self.primary = NativePostgres()
        self.standby = NativePostgres(standby_of=self.primary)
        self._until_it_follows()

    def fail_back(self) -> None:
        """The one that died is made the standby of the one that took over, at its own address."""
        dead, self.primary = self.primary, self.standby
        dead.remove()
        self.standby = NativePostgres(standby_of=self.primary, port=dead.port)
        self._until_it_follows()

    def fall_behind(self) -> None:
        """Have the standby receive nothing more, as when its link is down."""
        _configure(self.standby, "primary_conninfo", "")
        until(lambda: not self._follows(), "the standby to be cut off")

    def fail_over(self) -> None:
        """The primary dies, and the standby takes over."""
        self.primary.stop("immediate")
        self.promote()

    def promote(self) -> None:
        """Have the standby accept writes, with what it has."""
        assert _ask(self.standby, "SELECT pg_promote()") == [(True,)]

    def url(self, database: str) -> str:
        """The address of whichever of them accepts writes."""
        hosts = ",".join(
            server.url.partition("@")[2].partition("/")[0]
            for server in (self.primary, self.standby)
        )
        return f"postgresql://postgres@{hosts}/{database}?target_session_attrs=read-write"

    def remove(self) -> None:
        """End both, and delete their data."""
        self.standby.remove()
        self.primary.remove()

    def _until_it_follows(self) -> None:
        until(self._follows, "the standby to follow")
        if self._is_synchronous:
            _configure(self.primary, "synchronous_standby_names", "*")
            until(self._is_waited_for, "commits to wait for the standby")

    def _follows(self) -> bool:
        return bool(_ask(self.primary, "SELECT FROM pg_stat_replication WHERE state = 'streaming'"))

    def _is_waited_for(self) -> bool:
        return _ask(self.primary, "SELECT sync_state FROM pg_stat_replication") == [("sync",)]


def _configure(server: NativePostgres, name: str, value: str) -> None:
    _ask(server, f"ALTER SYSTEM SET {name} TO '{value}'")
    _ask(server, "SELECT pg_reload_conf()")


def _ask(server: NativePostgres, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.url, autocommit=True) as connection:
        done = connection.execute(statement.encode())
        return done.fetchall() if done.description is not None else []
