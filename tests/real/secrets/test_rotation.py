"""Secrets that are replaced while the worker runs: read again, and told until they are."""

import json
import re
from pathlib import Path

import psycopg
import pytest
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion
from psycopg import sql

from tests.builders import activated
from tests.real.worker.stage import Running, Stage
from tests.services.passwords import Login
from tests.services.waiting import until

pytestmark = pytest.mark.real


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


def write(folder: Path, name: str, value: str) -> None:
    """As Kubernetes does it: never half of it."""
    new = folder.parent / f"new-{name}"
    new.write_text(f"{value}\n")
    new.replace(folder / f"sync_worker_{name}")


def events(worker: Running, name: str) -> list[dict[str, str]]:
    lines = [line for line in worker.output.splitlines() if line.startswith('{"')]
    return [line for line in map(json.loads, lines) if line.get("event") == name]


def test_a_new_database_password_is_used_without_a_restart(
    login_stage: Stage, login: Login, database_url: str, secrets: Path
) -> None:
    stage = login_stage
    stage.database_url, stage.settings = database_url, {}
    assert stage("db", "upgrade").exit_code == 0
    url = f"{login('first-word')}/{database_url.rpartition('/')[2]}"
    write(secrets, "database_url", url)
    stage.settings |= {"DATABASE_URL": None, "SECRETS_DIR": str(secrets)}
    worker = stage.start()
    stage.until_ready(worker)
    user = sql.Identifier(url.partition("//")[2].partition(":")[0])
    with psycopg.connect(database_url, autocommit=True) as server:
        server.execute(sql.SQL("ALTER ROLE {} PASSWORD 'second-word'").format(user))
    stage.end_sessions()
    until(lambda: "login refused since" in worker.reasons(), "the refusal to be told")
    (refused, *_) = until(lambda: events(worker, "database_refused"), "it to be logged")
    assert "password authentication failed" in refused["error"]
    write(secrets, "database_url", url.replace("first", "second"))
    stage.until_ready(worker, seconds=10)
    assert worker.stop() == 0
    assert not re.search(r"\w+-word", worker.output)


def test_a_new_password_of_kafka_is_used_without_a_restart(
    login_stage: Stage, secrets: Path
) -> None:
    stage = login_stage
    _set_password(stage, "first-word")
    write(secrets, "kafka_sasl_password", "first-word")
    stage.settings |= {
        "SECRETS_DIR": str(secrets),
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "KAFKA_SASL_MECHANISM": "SCRAM-SHA-256",
        "KAFKA_SASL_USERNAME": "rotating",
    }
    worker = stage.start()
    stage.until_ready(worker)
    _set_password(stage, "second-word")
    until(lambda: "Kafka has refused us since" in worker.reasons(), "the refusal to be told")
    (refused, *_) = until(lambda: events(worker, "kafka_refused"), "the refusal to be logged")
    assert "SCRAM-SHA-256" in refused["error"]
    write(secrets, "kafka_sasl_password", "second-word")
    stage.until_ready(worker, seconds=20)
    stage.send_events([activated("SE2321000016-T001", 0, regionCode="01")])
    until(lambda: stage("status").json["lag"] == 0, "the event to be read")
    assert worker.stop() == 0
    assert '"applied": 1' in worker.output
    assert not re.search(r"\w+-word", worker.output)


def _set_password(stage: Stage, password: str) -> None:
    with stage.admin() as admin:
        made = UserScramCredentialUpsertion("rotating", ScramMechanism.SCRAM_SHA_256, password)
        admin.alter_user_scram_credentials([made])
