"""The administrators' page as it is measured: a registry full of clinics, and its processes."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx2
from sqlalchemy import func, insert, select
from tests.harness.command import INSTALLED
from tests.services import finding, processes, waiting
from tests.services.postgres import create_database, drop_database

from sync_worker.registry import schema
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.tables import change_log, clinic

REGIONS = ("01", "03", "04", "05", "06", "07", "08", "09", "10", "12")
_FROM_HERE = {"Sec-Fetch-Site": "same-origin"}
_START_SECONDS = 60
_ANSWER_SECONDS = 60
_CONNECTIONS = 90
"""To one process, which refuses everybody while it has a hundred."""


@dataclass(frozen=True, slots=True)
class PageSite:
    """Processes of the page on one registry."""

    addresses: Sequence[str]
    pids: Sequence[int]
    registry: Registry

    def peak_megabytes(self) -> float:
        """The most memory that one of the processes had."""
        return max(_peak_megabytes(pid) for pid in self.pids)

    def cpu_seconds(self) -> float:
        """What all of them have taken of the processors."""
        return sum(_cpu_seconds(pid) for pid in self.pids)

    def deeds(self) -> int:
        """How many changes have been logged."""
        with self.registry.snapshot() as connection:
            return connection.scalar(select(func.count()).select_from(change_log)) or 0


@contextmanager
def opened(clinics: int, number: int, *, on_postgres: bool) -> Iterator[PageSite]:
    """So many processes on a registry with so many clinics, a tenth in each of ten regions.

    Every other one of them is registered, and all are active.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-web-")))
        url = _on_postgres(stack) if on_postgres else f"sqlite:///{folder / 'registry.db'}"
        engine = open_engine(url, create=True)
        schema.upgrade(engine)
        registry = Registry(engine)
        stack.callback(registry.close)
        _fill(registry, clinics)
        started = [_started(stack, folder, url) for _ in range(number)]
        addresses, pids = zip(*started, strict=True)
        yield PageSite(addresses, pids, registry)


def hsa_id(number: int) -> str:
    """The clinic with a number: of each region's in turn, and registered where it is even."""
    return f"SE2321000016-B{number:05}"


@contextmanager
def browser(address: str, person: str) -> Iterator[httpx2.Client]:
    """Somebody who is signed in."""
    with httpx2.Client(
        base_url=address,
        headers={**_FROM_HERE, "Cookie": signed_in(address, person)},
        timeout=_ANSWER_SECONDS,
    ) as client:
        yield client


def signed_in(address: str, person: str) -> str:
    """The cookie of a new session, for a client that takes http for less than browsers do."""
    answer = httpx2.post(
        f"{address}/logga-in/klar", data={"person": person}, headers=_FROM_HERE, timeout=60
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["set-cookie"].partition(";")[0]


def crowd(address: str, cookie: str) -> httpx2.AsyncClient:
    """Many requests at once of one session; the others wait here, as in a proxy."""
    return httpx2.AsyncClient(
        base_url=address,
        headers={**_FROM_HERE, "Cookie": cookie},
        timeout=_ANSWER_SECONDS,
        limits=httpx2.Limits(max_connections=_CONNECTIONS),
    )


def _on_postgres(stack: ExitStack) -> str:
    server = finding.postgres()
    stack.callback(server.remove)
    name = f"bench_{uuid4().hex[:8]}"
    url = create_database(server.url, name)
    stack.callback(drop_database, server.url, name)
    return url


def _fill(registry: Registry, clinics: int) -> None:
    now = datetime.now(UTC)
    rows = [
        {
            "hsa_id": hsa_id(number),
            "name": f"Exempelkliniken {number}",
            "active": True,
            "region_code": REGIONS[number // 2 % len(REGIONS)],
            "registered_at": now if number % 2 == 0 else None,
            "registered_by": "bench" if number % 2 == 0 else None,
        }
        for number in range(clinics)
    ]
    with registry.transaction() as transaction:
        transaction.connection.execute(insert(clinic), rows)
        transaction.commit()


def _started(stack: ExitStack, folder: Path, url: str) -> tuple[str, int]:
    port = processes.free_port()
    address = f"http://127.0.0.1:{port}"
    settings = {"DATABASE_URL": url, "WEB_PORT": str(port), "WEB_BASE_URL": address}
    environment = {f"SYNC_WORKER_{name}": value for name, value in settings.items()}
    given = [f"{name}={value}" for name, value in environment.items()]
    process = processes.start(["env", *given, INSTALLED, "web"], folder / f"{port}.log")
    stack.callback(processes.end, process, signal.SIGTERM)
    waiting.until(lambda: _is_ready(address), "the page to answer", _START_SECONDS)
    return address, process.pid


def _is_ready(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
