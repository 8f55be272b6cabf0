"""A broker that wants a login, and a worker before it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.secrets.logins import _JAAS, _MODULES, LoginBroker, key_pair
from tests.real.worker.stage import Stage
from tests.services import processes
from tests.services.broker import Broker, NativeBroker


@pytest.fixture(scope="session")
def login_broker(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoginBroker]:
    if not isinstance(broker, NativeBroker):
        pytest.skip("wants a second broker of its own")
    secured, astray, encrypted = (f"127.0.0.1:{processes.free_port()}" for _ in range(3))
    certificate, key = key_pair(tmp_path_factory.mktemp("broker"))
    pair = certificate.with_name("pair.pem")
    pair.write_text(key.read_text() + certificate.read_text())
    settings = {
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
        "ASTRAY:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL",
        "listener.name.ssl.ssl.keystore.type": "PEM",
        "listener.name.ssl.ssl.keystore.location": pair,
        "sasl.enabled.mechanisms": ",".join(name.upper() for name in _JAAS),
        # A login is looked at again after so long, also of a connection that stays.
        "connections.max.reauth.ms": 3000,
        **{
            f"listener.name.sasl_plaintext.{name}.sasl.jaas.config": f"{_MODULES}.{module};"
            for name, module in _JAAS.items()
        },
    }
    listeners = {
        "SASL_PLAINTEXT": (secured, secured),
        "ASTRAY": (astray, "inner.exempel.invalid:9092"),
        "SSL": (encrypted, encrypted),
    }
    made = NativeBroker(settings, listeners)
    yield LoginBroker(made, secured, astray, encrypted, certificate)
    made.remove()


@pytest.fixture
def login_stage(login_broker: LoginBroker, tmp_path: Path) -> Iterator[Stage]:
    """The worker between the broker that wants a login and a SQLite file of its own."""
    made = Stage(tmp_path, login_broker.broker.bootstrap, f"sqlite:///{tmp_path / 'registry.db'}")
    assert made("db", "upgrade").exit_code == 0
    # By the command: the records are old, and a broker's own retention would take them.
    assert made("topics", "create").exit_code == 0
    made.settings["KAFKA_BOOTSTRAP_SERVERS"] = login_broker.secured
    yield made
    made.end_all()
