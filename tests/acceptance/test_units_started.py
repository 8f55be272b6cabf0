"""The units of deploy/systemd under a systemd that runs, with all that it confines them by."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.services import systemd
from tests.services.processes import free_port

from sync_worker.errors import Exit

ROOT = Path(__file__).parents[2]
UNITS = {path.name: path.read_text() for path in ROOT.glob("deploy/systemd/*.service")}
DOCUMENT = (ROOT / "docs" / "deploying.md").read_text()
ON_SQLITE = re.search(r"drop-in for `sync-worker-web`:\n  ```\n(.*?)  ```", DOCUMENT, re.DOTALL)
RUN_BOOK = (ROOT / "docs" / "operations.md").read_text()
RECONCILE = re.search(r"^```ini\n(\[Service\]\n.*?)^```", RUN_BOOK, re.MULTILINE | re.DOTALL)
URL = "sqlite:////var/lib/sync-worker/registry.db"
SCRIPT = """
told() { systemctl show "$1" > "/out/$2"; }
systemctl start sync-worker-db-upgrade; told sync-worker-db-upgrade upgrade
systemctl start sync-worker; told sync-worker worker
cat /proc/$(systemctl show -P MainPID sync-worker)/status > /out/confinement
systemctl start sync-worker-web; told sync-worker-web page
systemctl start sync-worker-reconcile; told sync-worker-reconcile schedule
systemctl stop sync-worker sync-worker-web
told sync-worker worker-stopped; told sync-worker-web page-stopped
echo SYNC_WORKER_KAFKA_BOOTSTRAP_SERVER=misspelt >> /etc/sync-worker/worker.env
systemctl start sync-worker; told sync-worker worker-refused
"""

pytestmark = pytest.mark.slow
Told = Mapping[str, Mapping[str, str]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What systemd says of each unit after each step, and the kernel of the worker."""
    assert ON_SQLITE is not None
    assert RECONCILE is not None
    port = free_port()
    page = f"PORT={port}\nSYNC_WORKER_WEB_BASE_URL=http://127.0.0.1:{port}\n"
    settings = {
        "worker.env": "SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1\nSYNC_WORKER_HTTP_PORT=0\n",
        "web.env": f"SYNC_WORKER_WEB_SIGN_IN=dev\nSYNC_WORKER_WEB_{page}",
        **{f"{process}/database_url": URL for process in ("owner", "worker", "web")},
    }
    units = {
        **UNITS,
        "sync-worker-web.service.d/sqlite.conf": ON_SQLITE[1],
        "sync-worker-reconcile.service": RECONCILE[1],
    }
    try:
        said = systemd.run(tmp_path_factory.mktemp("systemd"), units, settings, SCRIPT)
    except systemd.NoSystemd as error:
        pytest.skip(f"no systemd can be started: {error}")
    pairs = {
        name: re.findall(r"^(\w+)[=:]\s*(.*)$", text, re.MULTILINE) for name, text in said.items()
    }
    return {name: dict(found) for name, found in pairs.items()}


def test_the_upgrade_is_done_and_ends(told: Told) -> None:
    assert (told["upgrade"]["Result"], told["upgrade"]["ExecMainStatus"]) == ("success", "0")


def test_a_worker_is_started_although_kafka_is_away(told: Told) -> None:
    worker = told["worker"]
    assert (worker["ActiveState"], worker["SubState"]) == ("active", "running")
    assert worker["StatusText"] == "not ready: Kafka was not reached yet"


def test_a_started_worker_has_no_privilege(told: Told) -> None:
    kernel = told["confinement"]
    assert {kernel["CapBnd"], kernel["CapEff"]} == {"0" * 16}
    assert (kernel["NoNewPrivs"], kernel["Seccomp"]) == ("1", "2")
    assert "0" not in kernel["Uid"].split()


def test_the_page_is_started_with_the_documented_drop_in(told: Told) -> None:
    assert (told["page"]["ActiveState"], told["page"]["StatusText"]) == ("active", "ready")


def test_the_documented_schedule_reaches_for_kafka(told: Told) -> None:
    assert told["schedule"]["ExecMainStatus"] == str(int(Exit.UNREACHABLE))


@pytest.mark.parametrize("daemon", ["worker", "page"])
def test_a_daemon_is_stopped_in_order(told: Told, daemon: str) -> None:
    stopped = told[f"{daemon}-stopped"]
    assert (stopped["ActiveState"], stopped["Result"]) == ("inactive", "success")


def test_a_refused_worker_is_not_started_again(told: Told) -> None:
    refused = told["worker-refused"]
    assert (refused["ActiveState"], refused["ExecMainStatus"]) == ("failed", "2")
    assert refused["NRestarts"] == "0"
