"""What docker-compose.yml does with a database, done on a server that is not in a container.

With its file of SQL, and each service's command, settings and secrets.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import psycopg
import pytest
import yaml
from sqlalchemy.engine import URL, make_url

from tests.harness.command import CommandLine, Done
from tests.services import finding, processes
from tests.services.postgres import NativePostgres

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
INIT = ROOT / "deploy" / "compose" / "init.sql"
SECRETS = ROOT / "deploy" / "compose" / "secrets"
CLINIC = "SE2321000016-T001"


class Deployment:
    """A server on which the file of SQL has run, and what the services do with it."""

    def __init__(self, server: NativePostgres, folder: Path) -> None:
        self._folder = folder
        self.superuser = make_url(server.url)
        self.urls = {path.name: self._here(path) for path in SECRETS.glob("*_url")}
        for name, url in self.urls.items():
            folder.joinpath(name).write_text(url.render_as_string(hide_password=False))
        database = SERVICES["postgres"]["environment"]["POSTGRES_DB"]
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database}".encode())
        # As the image does, but for where the secrets are.
        shown = self.superuser.set(database=database).render_as_string(hide_password=False)
        options = ["-v", "ON_ERROR_STOP=1", "-v", f"secrets={folder}", "--no-psqlrc"]
        processes.run([server.programs / "psql", *options, "-f", INIT, shown])

    def _here(self, secret: Path) -> URL:
        """The URL of a secret, at this server; one of this machine has its port from PGPORT."""
        url = make_url(secret.read_text().strip())
        is_of_machine = url.host == self.superuser.host
        return url if is_of_machine else url.set(host=self.superuser.host, port=self.superuser.port)

    def connect(self, secret: str) -> psycopg.Connection[Any]:
        url = self.urls[secret].render_as_string(hide_password=False)
        return psycopg.connect(url, autocommit=True, port=self.superuser.port)

    def secrets_of(self, service: str) -> Path:
        """A folder with the files that a service sees."""
        seen = self._folder / service
        seen.mkdir(exist_ok=True)
        for secret in SERVICES[service]["secrets"]:
            seen.joinpath(secret["target"]).write_bytes(
                self._folder.joinpath(secret["source"]).read_bytes()
            )
        return seen


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    server = finding.postgres_in(Path(gettempdir()))  # the server's own user may enter it
    yield Deployment(server, tmp_path_factory.mktemp("compose"))
    server.remove()


@pytest.fixture
def as_service(
    deployment: Deployment, folder: Path, sync_worker: CommandLine
) -> Callable[..., Done]:
    """Runs a service's command, or another one, with its settings and secrets."""

    def call(service: str, line: str | None = None) -> Done:
        words = SERVICES[service]["command"] if line is None else line.split()
        given = {
            name: value
            for name, value in SERVICES[service]["environment"].items()
            if name.startswith("SYNC_WORKER_") and "$" not in value
        }
        given["SYNC_WORKER_SECRETS_DIR"] = str(deployment.secrets_of(service))
        if "PGPORT" in SERVICES[service]["environment"]:
            given["PGPORT"] = str(deployment.superuser.port)
        # There is no Kafka here.
        del given["SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS"]
        return sync_worker(*words, **given)

    return call


@pytest.fixture
def prepared(as_service: Callable[..., Done]) -> None:
    """The services that are to be completed before the others start have run."""
    for service in ("migrate", "roles"):
        done = as_service(service)
        assert done.exit_code == 0, done.stderr


@pytest.mark.usefixtures("prepared")
@pytest.mark.parametrize(
    ("service", "line"),
    [
        ("worker", "status"),
        ("worker", "doctor"),
        ("web", f"clinics explain {CLINIC}"),
        ("web", "clinics list"),
        ("support", None),
        ("support", "boards set 01 SE2321000016-PN01 --name N --ticket T --yes"),
    ],
)
def test_each_service_may_do_its_own(
    as_service: Callable[..., Done], service: str, line: str | None
) -> None:
    done = as_service(service, line)
    assert done.exit_code in {0, 6}, done.stderr  # 6: nobody has named that clinic


@pytest.mark.usefixtures("prepared")
@pytest.mark.parametrize(
    ("service", "line"),
    [
        ("worker", f"clinics add {CLINIC}"),
        ("worker", "db roles --apply"),
        ("web", "deadletters list"),
        ("web", "db roles --apply"),
        ("support", f"clinics add {CLINIC}"),
    ],
)
def test_no_service_may_do_anothers(
    as_service: Callable[..., Done], service: str, line: str
) -> None:
    done = as_service(service, line)
    assert (done.exit_code, "The database does not permit this." in done.stderr) == (4, True)


@pytest.mark.usefixtures("prepared")
def test_doctor_finds_no_right_too_many_or_too_few(as_service: Callable[..., Done]) -> None:
    for service in ("worker", "web"):
        (roles,) = (i for i in as_service(service, "doctor -o json").items if i["id"] == "roles")
        assert roles["status"] == "ok", roles


@pytest.mark.usefixtures("prepared")
def test_the_complaints_service_reads_its_view_and_nothing_else(deployment: Deployment) -> None:
    with deployment.connect("reader_database_url") as reader:
        assert reader.execute("SELECT * FROM complaints_clinic").fetchall() == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("SELECT * FROM clinic")


def test_nobody_of_them_has_power_over_the_server(deployment: Deployment) -> None:
    powers = "rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
    for secret in deployment.urls:
        with deployment.connect(secret) as somebody:
            row = f"SELECT {powers} FROM pg_roles WHERE rolname = current_user"
            assert somebody.execute(row.encode()).fetchone() == (False,) * 5


def test_nobody_else_may_enter_the_database(deployment: Deployment) -> None:
    with psycopg.connect(deployment.superuser.render_as_string(hide_password=False)) as server:
        server.execute("CREATE ROLE stranger")
        may = "SELECT has_database_privilege('stranger', 'complaints', 'CONNECT')"
        assert server.execute(may).fetchone() == (False,)
        server.rollback()
