"""One broker and one PostgreSQL server with certificates for all tests of this folder."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from tests.harness.command import CommandLine, Done
from tests.real.tls.parts import (
    ODD_PASSWORD,
    ODD_USER,
    PASSWORD,
    PLAIN,
    PLAIN_LOGIN,
    TlsBroker,
    World,
    broker_settings,
)
from tests.real.worker.stage import Stage
from tests.services import finding, processes
from tests.services.administering import administering
from tests.services.tls_postgres import TlsPostgres


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World.made(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def tls_broker(world: World) -> Iterator[TlsBroker]:
    names = (*world.shown(), PLAIN_LOGIN)
    addresses = {name: f"127.0.0.1:{processes.free_port()}" for name in names}
    listeners = {name.upper(): (address, address) for name, address in addresses.items()}
    broker = finding.broker_with(broker_settings(world), listeners)
    with administering(broker.bootstrap) as admin:
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
            for user, password in (("worker", PASSWORD), (ODD_USER, ODD_PASSWORD)):
                made = UserScramCredentialUpsertion(user, mechanism, password)
                admin.alter_user_scram_credentials([made])  # one of a user in each request
    yield TlsBroker(broker, {PLAIN: broker.bootstrap, **addresses})
    broker.remove()


@pytest.fixture
def called(folder: Path, upgraded: Path, sync_worker: CommandLine) -> Callable[..., Done]:
    """Calls a command with settings, on an empty registry in a file."""
    registry = folder / "registry.db"
    registry.write_bytes(upgraded.read_bytes())
    stage = Stage(folder, "", f"sqlite:///{registry}", name="tls")

    def call(*arguments: str, **settings: str) -> Done:
        environment: dict[str, Any] = {**stage.environment(**settings)}
        return sync_worker("-o", "json", *arguments, **environment)

    return call


@pytest.fixture(scope="session")
def tls_postgres(world: World) -> Iterator[TlsPostgres]:
    """It knows `worker` by certificate in one database, and by password in the other."""
    rules = (
        "hostssl by_certificate worker 127.0.0.1/32 cert",
        "hostssl by_clear_text worker 127.0.0.1/32 password",
        "hostssl rejected all 127.0.0.1/32 reject",
        "hostssl postgres all 127.0.0.1/32 scram-sha-256",
    )
    server = finding.tls_postgres(world.ours, world.right, rules)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE worker LOGIN SUPERUSER PASSWORD '{PASSWORD}'".encode())
        late = f"CREATE ROLE late LOGIN PASSWORD '{PASSWORD}' VALID UNTIL '2026-01-01'"
        connection.execute(late.encode())
        for name in ("by_certificate", "by_clear_text"):
            connection.execute(f"CREATE DATABASE {name}".encode())
    yield server
    server.remove()
