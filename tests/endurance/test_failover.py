"""A standby takes over under load, and the one that died comes back as its standby."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endurance.closing import close
from tests.endurance.load import Load
from tests.endurance.plan import Plan
from tests.endurance.report import Section
from tests.real.worker.stage import Stage
from tests.real.worker.streams import REGISTERED, opening
from tests.services import finding
from tests.services.broker import Broker
from tests.services.postgres import create_database
from tests.services.replication import Replication
from tests.services.waiting import until

_PER_SECOND = 200
_WORKERS = 3
_SECONDS_BETWEEN = 5
_LAG_SECONDS = 3


@pytest.fixture
def servers(request: pytest.FixtureRequest) -> Iterator[Replication]:
    """A primary and its standby, of the kind that the test names."""
    made = finding.replication(synchronous=request.param == "synchronous")
    yield made
    made.remove()


@pytest.fixture
def failing_over(servers: Replication, broker: Broker, tmp_path: Path) -> Iterator[Stage]:
    """A stage on both of them, by an address that names both."""
    create_database(servers.primary.url, "registry")
    stage = Stage(tmp_path, broker.bootstrap, servers.url("registry"))
    stage.create_topics()
    assert stage("db", "upgrade").exit_code == 0
    stage.register(REGISTERED)
    stage.send_events(opening())
    yield stage
    stage.end_all()


def _flows_for(stage: Stage, seconds: float) -> None:
    """Wait until so much of the load has been read."""
    stage.until_read(stage.read() + int(seconds * _PER_SECOND), seconds=120)


@pytest.mark.parametrize("servers", ["synchronous", "lagging"], indirect=True)
def test_standbys_promoted_under_load_lose_no_record(
    failing_over: Stage,
    servers: Replication,
    plan: Plan,
    section: Section,
    request: pytest.FixtureRequest,
) -> None:
    """The primary is killed under three workers; in the other run its standby lacks seconds.

    Once it is over, the one that died is made a standby, and it happens the other way round.
    """
    is_lagging = "lagging" in request.node.name
    workers = [failing_over.start() for _ in range(_WORKERS)]
    failing_over.until_ready(*workers, seconds=60)
    rounds = max(1, int(plan.scaled(2)))
    back_after = []
    with Load(failing_over, plan.seed, _PER_SECOND) as load:
        for number in range(rounds):
            _flows_for(failing_over, _SECONDS_BETWEEN)
            if is_lagging:
                servers.fall_behind()
                _flows_for(failing_over, _LAG_SECONDS)
            began_at = time.monotonic()
            servers.fail_over()
            taken_over_with = failing_over.read()
            until(lambda: failing_over.read() > taken_over_with, "records to be read", 60)  # noqa: B023
            back_after.append(time.monotonic() - began_at)
            if number < rounds - 1:
                servers.fail_back()
    close(failing_over, load.produced, REGISTERED, section)
    lost = sum(worker.lost_records() for worker in workers)
    section.add("failovers", rounds)
    section.add("records that the standbys lacked, read again", lost)
    section.add("seconds until records were read again, at most", max(back_after))
    assert (lost > 0) == is_lagging
    failing_over.until_ready(*workers)
