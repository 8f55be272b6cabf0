"""Each login to PostgreSQL over TLS, right: every command does its work by it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import activated, numbered, write_archive
from tests.harness.command import Done, Installed
from tests.harness.page_process import PageProcess
from tests.real.tls.parts import PASS_PHRASE, PASSWORD, World, address
from tests.services.tls_postgres import TlsPostgres
from tests.worlds.command_line import A

pytestmark = pytest.mark.real


@pytest.fixture
def urls(tls_postgres: TlsPostgres, world: World) -> dict[str, str]:
    """A URL for each login."""

    def url(user: str, database: str = "postgres", **options: object) -> str:
        safe = {"sslmode": "verify-full", "sslrootcert": world.ours.file}
        return address(user, tls_postgres.port, database, **safe, **options)

    locked = world.ours.client("worker", label="shut", pass_phrase=PASS_PHRASE)
    ours = {"sslcert": world.client.certificate, "sslkey": world.client.key}
    shut = {"sslcert": locked.certificate, "sslkey": locked.key, "sslpassword": PASS_PHRASE}
    return {
        "password": url(f"worker:{PASSWORD}"),
        "binding": url(f"worker:{PASSWORD}", channel_binding="require"),
        "certificate": url("worker", "by_certificate", **ours),
        "locked": url("worker", "by_certificate", **shut),
    }


@pytest.mark.parametrize("login", ["password", "binding", "certificate", "locked"])
def test_every_command_does_its_work_by_each_login(
    called: Callable[..., Done], urls: dict[str, str], folder: Path, login: str
) -> None:
    events = numbered([activated(A, 0, regionCode="01")])
    archive = write_archive(folder / f"{login}.jsonl", events)
    for words in (
        "db upgrade",
        f"run --archive {archive}",
        f"clinics add {A} --region 01 --actor me",
        f"clinics remove {A} --actor me --reason TLS --yes",
        "log list",
        "status",
    ):
        done = called(*words.split(), DATABASE_URL=urls[login])
        assert done.exit_code == 0, done.stdout + done.stderr
        assert PASSWORD not in done.stdout + done.stderr
    doctor = called("doctor", DATABASE_URL=urls[login])
    checks = {item["id"]: item["status"] for item in doctor.items}
    assert checks["database"] == checks["encryption"] == "ok"


def test_the_page_is_ready_by_a_certificate(
    called: Callable[..., Done], urls: dict[str, str], installed: Installed
) -> None:
    url = urls["certificate"]
    assert called("db", "upgrade", DATABASE_URL=url).exit_code == 0
    page = PageProcess(installed, SYNC_WORKER_DATABASE_URL=url).wait()
    try:
        assert page.get("/readyz").status == 200
    finally:
        page.kill()
