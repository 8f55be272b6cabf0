"""Certificates that are replaced while the worker runs: used without a restart."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import activated
from tests.harness.command import Done
from tests.real.tls.parts import DAY, MUTUAL, PLAIN, TlsBroker, World, address, by_tls
from tests.real.worker.stage import Stage
from tests.services.certificates import Pair
from tests.services.tls_postgres import TlsPostgres
from tests.services.waiting import until

pytestmark = pytest.mark.real


def put(pair: Pair, file: Path) -> Path:
    """Put a certificate with its key in place, as Kubernetes does it: never half of it."""
    new = file.with_suffix(".new")
    shutil.copy(pair.both, new)
    new.replace(file)
    return file


def test_renewed_certificates_are_used_without_a_restart(
    called: Callable[..., Done],
    tls_broker: TlsBroker,
    tls_postgres: TlsPostgres,
    world: World,
    folder: Path,
) -> None:
    old = world.ours.client("worker", label="outdated", starts=-3 * DAY, days=1)
    ours = [put(old, folder / f"{name}.pem") for name in ("database", "kafka")]
    safe = {"sslmode": "verify-full", "sslrootcert": world.ours.file}
    by_certificate = {**safe, "sslcert": ours[0], "sslkey": ours[0]}
    url = address("worker", tls_postgres.port, "by_certificate", **by_certificate)
    right = url.replace(str(ours[0]), str(world.client.both))
    assert called("db", "upgrade", DATABASE_URL=right).exit_code == 0
    login = {**by_tls(world.ours), "KAFKA_SSL_CERTFILE": str(ours[1])}
    at = {"KAFKA_BOOTSTRAP_SERVERS": tls_broker.addresses[MUTUAL]}
    stage = Stage(folder, tls_broker.addresses[PLAIN], url, settings={**login, **at})
    stage.create_topics()
    stage.send_events([activated("SE2321000016-T001", 0, regionCode="01")])
    worker = stage.start()
    try:
        until(lambda: "login refused since" in worker.reasons(), "the database's refusal")
        put(world.client, ours[0])
        until(lambda: "Kafka has refused us since" in worker.reasons(), "Kafka's refusal")
        put(world.client, ours[1])
        stage.until_ready(worker, seconds=20)
        until(lambda: stage("status").json["lag"] == 0, "the event to be read")
        assert worker.stop() == 0
    finally:
        worker.kill()
