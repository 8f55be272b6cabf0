"""Each login to Kafka over TLS, right: every command that talks to Kafka does its work by it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest

from tests.builders import activated, numbered, write_archive
from tests.harness.command import Done
from tests.real.secrets.logins import authorisation_server, token_in
from tests.real.tls.parts import (
    LOGIN,
    MUTUAL,
    ODD_PASSWORD,
    ODD_USER,
    PASS_PHRASE,
    PASSWORD,
    TlsBroker,
    World,
    by_password,
    by_tls,
    showing,
)
from tests.worlds.command_line import A

pytestmark = pytest.mark.real

OAUTH = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_MECHANISM": "OAUTHBEARER"}


@pytest.fixture
def tls(world: World) -> Mapping[str, str]:
    return by_tls(world.ours)


@pytest.fixture
def certificate(world: World) -> Mapping[str, str]:
    locked = world.ours.client("worker", label="locked", pass_phrase=PASS_PHRASE)
    return by_tls(world.ours) | showing(locked, PASS_PHRASE)


@pytest.fixture
def token_file(tmp_path: Path) -> Mapping[str, str]:
    return OAUTH | token_in(tmp_path)


@pytest.fixture
def client_credentials(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mapping[str, str]]:
    """An authorisation server in TLS, of an authority that only the environment knows."""
    monkeypatch.setenv("SSL_CERT_FILE", str(world.ours.file))
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(world.right.both)
    with authorisation_server(PASSWORD, context) as server:
        yield OAUTH | server.settings


@pytest.fixture
def plain() -> Mapping[str, str]:
    return by_password("PLAIN")


@pytest.fixture
def scram_256() -> Mapping[str, str]:
    return by_password("SCRAM-SHA-256")


@pytest.fixture
def scram_512() -> Mapping[str, str]:
    return by_password("SCRAM-SHA-512", ODD_USER, ODD_PASSWORD)


@pytest.mark.parametrize(
    "login",
    ["tls", "certificate", "plain", "scram_256", "scram_512", "token_file", "client_credentials"],
)
def test_every_command_does_its_work_by_each_login(
    called: Callable[..., Done],
    tls_broker: TlsBroker,
    world: World,
    request: pytest.FixtureRequest,
    folder: Path,
    login: str,
) -> None:
    topics = {f"KAFKA_{kind}_TOPIC": f"{kind}-{login}".lower() for kind in ("ACTIVATION", "REGION")}
    listener = {"tls": "right", "certificate": MUTUAL}.get(login, LOGIN)
    at = {"KAFKA_BOOTSTRAP_SERVERS": tls_broker.addresses[listener], "KAFKA_GROUP_ID": login}
    trusting = {"KAFKA_SSL_CAFILE": str(world.ours.file)}
    settings = {**at, **topics, **trusting, **request.getfixturevalue(login)}
    records = numbered([activated(A, n, regionCode="01") for n in range(3)])
    named = [record._replace(topic=topics["KAFKA_ACTIVATION_TOPIC"]) for record in records]
    archive = write_archive(folder / "events.jsonl", named)

    def done(*words: str) -> Done:
        answer = called(*words, **settings)
        assert answer.exit_code == 0, answer.stdout + answer.stderr
        for password in (PASSWORD, ODD_PASSWORD):
            assert password not in answer.stdout + answer.stderr
        return answer

    done("topics", "create")
    done("events", "publish", str(archive), "--yes")
    assert done("run", "--until-idle", "0").json["applied"] == 3
    assert done("status").json["lag"] == 0
    checks = {item["id"]: item["status"] for item in called("doctor", **settings).items}
    assert [checks[name] for name in ("kafka", "topics", "positions")] == ["ok"] * 3
    assert checks["group"] == "warn", "it was asked, and has no members"
    assert [item["lag"] for item in done("positions", "list").items if item["position"]] == [0]
    assert done("reconcile", "--against", "topics").json["count"] == 0
    assert done("replay", "--dry-run").json["read"] == 3
    done("events", "export", "--out", str(folder / "exported.jsonl"))
    assert len((folder / "exported.jsonl").read_text().splitlines()) == 3
    done("positions", "reset", "--to", "earliest", "--yes", "--reason", "TLS")
    assert done("run", "--until-idle", "0").json["superseded"] == 3
