"""Fixtures: `broker` and `postgres`, one of each for the whole run; a database for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest

from tests.services import finding
from tests.services.broker import Broker
from tests.services.filesystem import NoFileSystem, SmallFileSystem, mounted
from tests.services.pgbouncer import Pooler
from tests.services.postgres import PostgresServer, create_database, drop_database


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """A Kafka broker for the whole run."""
    found = finding.broker()
    yield found
    found.remove()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the whole run."""
    found = finding.postgres()
    yield found
    found.remove()


@pytest.fixture(scope="session")
def pooler(postgres: PostgresServer) -> Iterator[Pooler]:
    """A pooler in transaction mode in front of the server, for the whole run."""
    found = finding.pooler(postgres)
    yield found
    found.remove()


@pytest.fixture
def database_url(postgres: PostgresServer) -> Iterator[str]:
    """The address of an empty database, gone after the test."""
    name = f"test_{uuid4().hex[:12]}"
    yield create_database(postgres.url, name)
    drop_database(postgres.url, name)


@pytest.fixture
def breakable_broker(broker: Broker) -> Iterator[Broker]:
    """The broker, for a test that kills or freezes it; runs again afterwards."""
    if not broker.can_be_disturbed:
        pytest.skip("the broker at the given address is not ours to break")
    yield broker
    broker.restore()


@pytest.fixture
def breakable_postgres(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """The server, for a test that stops it; runs again afterwards."""
    if not postgres.can_be_disturbed:
        pytest.skip("the server at the given address is not ours to break")
    yield postgres
    postgres.restore()


@pytest.fixture
def disk() -> Iterator[Callable[[int], SmallFileSystem]]:
    """Mounts a file system of so many MiB, for a test that fills it; skips where that cannot be."""
    with ExitStack() as stack:

        def mount(megabytes: int) -> SmallFileSystem:
            try:
                return stack.enter_context(mounted(megabytes))
            except NoFileSystem as reason:
                finding.missing["a file system"] = str(reason)
                pytest.skip(f"a file system is not here: {reason}")

        yield mount


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that prints the summary, where this one runs a share of the tests."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["missing services"] = finding.missing


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear from a process that ran a share of the tests; one that crashed says nothing."""
    finding.missing.update(getattr(node, "workeroutput", {}).get("missing services", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which services were missing, and how many tests that cost."""
    if not finding.missing:
        return
    skipped = terminalreporter.stats.get("skipped", [])
    names = tuple(f"{service} is not here" for service in finding.missing)
    count = sum(1 for report in skipped if any(name in str(report.longrepr) for name in names))
    terminalreporter.section("missing services")
    for service, reason in finding.missing.items():
        terminalreporter.write_line(f"{service}: {reason}")
    terminalreporter.write_line(f"{count} tests were skipped for want of them.")
