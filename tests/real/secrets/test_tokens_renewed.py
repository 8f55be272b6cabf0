"""Tokens that end while the worker runs, and a server that gives no new ones for a while."""

from collections.abc import Callable, Iterator

import pytest

from tests.builders import activated
from tests.real.secrets.logins import PASSWORD, AuthorisationServer, authorisation_server
from tests.real.worker.stage import Running, Stage
from tests.services.waiting import until

pytestmark = pytest.mark.real

OAUTH = {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM": "OAUTHBEARER"}


@pytest.fixture
def authorisation() -> Iterator[AuthorisationServer]:
    """Its tokens are good for six seconds, and the broker wants to see one every three."""
    with authorisation_server(PASSWORD) as server:
        server.seconds = 6
        yield server


@pytest.fixture
def worker(login_stage: Stage, authorisation: AuthorisationServer) -> Running:
    login_stage.settings |= OAUTH | authorisation.settings
    # The default: a client that waits for a server that is silent waits longer than the stage's.
    login_stage.settings["KAFKA_MAX_POLL_INTERVAL_MS"] = "120000"
    started = login_stage.start()
    login_stage.until_ready(started)
    return started


def check_it_applies_events(stage: Stage, worker: Running) -> None:
    """All that was sent is applied once, and no secret was told."""
    stage.send_events([activated("SE2321000016-T001", 0, regionCode="01")])
    stage.until_ready(worker)
    until(lambda: stage("status").json["lag"] == 0, "the event to be read")
    assert worker.stop() == 0
    assert worker.logged("stopped")[0]["applied"] == 1
    assert PASSWORD not in worker.output


def test_a_worker_outlives_its_tokens(
    login_stage: Stage, worker: Running, authorisation: AuthorisationServer
) -> None:
    until(lambda: authorisation.given > 4, "tokens to be renewed")
    check_it_applies_events(login_stage, worker)
    assert len(worker.logged("ready")) == 1, "it never ceased to be ready"
    assert not worker.logged("kafka_refused")


def _is_down(server: AuthorisationServer) -> None:
    server.stop()


def _refuses(server: AuthorisationServer) -> None:
    server.status = 401


def _is_silent(server: AuthorisationServer) -> None:
    server.is_silent = True


@pytest.mark.parametrize("disturb", [_is_down, _refuses, _is_silent])
def test_a_worker_waits_for_the_authorisation_server(
    login_stage: Stage,
    worker: Running,
    authorisation: AuthorisationServer,
    disturb: Callable[[AuthorisationServer], None],
) -> None:
    disturb(authorisation)
    until(lambda: "gives no token" in worker.reasons(), "the reason to be told")
    (attention, *_) = login_stage("status").json["attention"]
    assert attention.startswith("There is no token to log in to Kafka with")
    checks = {item["id"]: item for item in login_stage("doctor").items}
    assert "SYNC_WORKER_KAFKA_SASL_OAUTH_TOKEN_URL" in checks["kafka"]["fix"]
    authorisation.stop()
    authorisation.status, authorisation.is_silent = 200, False
    authorisation.start()
    check_it_applies_events(login_stage, worker)


def test_a_worker_ends_in_order_while_its_authorisation_is_silent(
    worker: Running, authorisation: AuthorisationServer
) -> None:
    authorisation.is_silent = True
    until(lambda: "gives no token" in worker.reasons(), "the reason to be told")
    assert worker.stop() == 0


def test_another_token_is_fetched_where_brokers_refuse_one(
    login_stage: Stage, worker: Running, authorisation: AuthorisationServer
) -> None:
    authorisation.seconds, authorisation.skew_seconds = 600, 1200
    until(lambda: "Kafka has refused us since" in worker.reasons(), "the refusal to be told")
    assert "invalid_token" in worker.logged("kafka_refused")[0]["error"]
    authorisation.skew_seconds = 0
    check_it_applies_events(login_stage, worker)
