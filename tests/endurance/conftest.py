"""A stage for each run, with clinics registered; a report of all of them."""

import time
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import pytest

from tests.endurance.plan import Plan
from tests.endurance.report import PATH, Report, Section
from tests.real.worker.stage import Stage
from tests.real.worker.staging import create_template, staged
from tests.real.worker.streams import REGISTERED, opening
from tests.services import finding
from tests.services.broker import Broker
from tests.services.cluster import Cluster
from tests.services.postgres import PostgresServer

_BY_DEFAULT = {"KAFKA_SESSION_TIMEOUT_MS": None, "KAFKA_MAX_POLL_INTERVAL_MS": None}
"""As operators have them who set nothing; the stage's own are shorter."""
_REPORT = pytest.StashKey[Report]()


@pytest.fixture(scope="session")
def plan() -> Plan:
    return Plan.from_environment()


@pytest.fixture(scope="session")
def report(plan: Plan, pytestconfig: pytest.Config) -> Report:
    """The report, told at the end of the run, too."""
    return pytestconfig.stash.setdefault(_REPORT, Report(plan))


@pytest.fixture
def section(report: Report, request: pytest.FixtureRequest) -> Iterator[Section]:
    """The chapter of the report that a test fills; its docstring says what is staged."""
    title = request.node.name.removeprefix("test_").replace("_", " ").capitalize()
    made = Section(title, cleandoc(request.function.__doc__ or ""))
    report.sections.append(made)
    began_at = time.monotonic()
    yield made
    made.seconds = time.monotonic() - began_at
    report.write()


@pytest.fixture(scope="session")
def template(postgres: PostgresServer) -> str:
    """The name of a database with the schema and nothing in it."""
    return create_template(postgres)


@pytest.fixture
def bare_stage(
    broker: Broker, postgres: PostgresServer, template: str, tmp_path: Path
) -> Iterator[Stage]:
    """One broker, one server, and nothing in them."""
    with staged(broker.bootstrap, postgres, template, tmp_path) as made:
        made.settings |= _BY_DEFAULT
        yield made


@pytest.fixture
def stage(bare_stage: Stage) -> Stage:
    """Some clinics registered, and the first events of all of them yet to be read."""
    return _opened(bare_stage)


@pytest.fixture
def brokers() -> Iterator[Cluster]:
    """Three brokers, for one test alone: it may lose one."""
    made = finding.cluster()
    yield made
    made.remove()


@pytest.fixture
def replicated_stage(
    brokers: Cluster, postgres: PostgresServer, template: str, tmp_path: Path
) -> Iterator[Stage]:
    """Three brokers, one server, and the same in them."""
    with staged(brokers.bootstrap, postgres, template, tmp_path, replicas=3) as made:
        made.settings |= _BY_DEFAULT
        yield _opened(made)


def _opened(stage: Stage) -> Stage:
    stage.register(REGISTERED)
    stage.send_events(opening())
    return stage


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the report, and where it is."""
    report = config.stash.get(_REPORT, None)
    if report is not None and report.sections:
        terminalreporter.section("endurance")
        terminalreporter.write_line(report.in_markdown())
        terminalreporter.write_line(f"Written to {PATH}.")
