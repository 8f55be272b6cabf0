"""The units of systemd, judged by systemd's own tool and held against the program's promises."""

import re
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from sync_worker.cli import signals
from sync_worker.config.settings import Settings, load_settings
from sync_worker.errors import Exit

UNITS = sorted(Path(__file__).resolve().parents[2].glob("deploy/systemd/*.service"))
DAEMONS = [unit for unit in UNITS if "upgrade" not in unit.name]
INSTALLED = Path(sys.executable).with_name("sync-worker")
MOST_EXPOSURE = 2.5
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def service(unit):
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit)
    return parser["Service"]


@pytest.fixture(params=UNITS, ids=lambda unit: unit.stem)
def unit(request, tmp_path):
    """A unit as it is, but for where the command is."""
    copied = tmp_path / request.param.name
    text = request.param.read_text()
    copied.write_text(text.replace("/opt/sync-worker/bin/sync-worker", str(INSTALLED)))
    return copied


def analyzed(*arguments):
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_there_are_units_for_worker_page_and_upgrade():
    stems = {unit.stem for unit in UNITS}
    assert stems == {"sync-worker", "sync-worker-web", "sync-worker-db-upgrade"}


@needs_systemd
def test_systemd_finds_nothing_wrong(unit):
    verified = analyzed("verify", str(unit))
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


@needs_systemd
def test_systemd_finds_little_exposed(unit):
    judged = analyzed("security", "--offline=true", "--no-pager", str(unit))
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout)
    assert exposure is not None, judged.stderr
    assert float(exposure[1]) < MOST_EXPOSURE


@pytest.mark.parametrize("unit_file", DAEMONS, ids=lambda unit: unit.stem)
def test_a_refusal_is_not_tried_again(unit_file):
    codes = {int(code) for code in service(unit_file)["RestartPreventExitStatus"].split()}
    assert codes == {Exit.USAGE, Exit.REFUSED}
    assert service(unit_file)["Restart"] == "always"


@pytest.mark.parametrize("unit_file", DAEMONS, ids=lambda unit: unit.stem)
def test_there_is_time_to_end_in_order(unit_file):
    longest = signals._LONGEST_END_SECONDS + signals._MAX_LAST_WORDS_SECONDS
    assert longest < int(service(unit_file)["TimeoutStopSec"])


def test_systemd_waits_longer_than_our_own_watchdog():
    worker = next(unit for unit in UNITS if unit.stem == "sync-worker")
    own_seconds = Settings().kafka_max_poll_interval_ms / 1000
    assert own_seconds + 30 <= int(service(worker)["WatchdogSec"])


@pytest.mark.parametrize("unit_file", UNITS, ids=lambda unit: unit.stem)
def test_credentials_are_read_as_settings(unit_file, tmp_path):
    assert "SYNC_WORKER_SECRETS_DIR=%d" in service(unit_file)["Environment"]
    name = service(unit_file)["LoadCredential"].partition(":")[0]
    (tmp_path / name).write_text("sqlite:///given.db")
    settings = load_settings({"SYNC_WORKER_SECRETS_DIR": str(tmp_path)})
    assert settings.database_url == "sqlite:///given.db"


@pytest.mark.parametrize("unit_file", UNITS, ids=lambda unit: unit.stem)
def test_each_process_has_credentials_of_its_own(unit_file):
    others = {service(unit)["LoadCredential"] for unit in UNITS if unit != unit_file}
    assert service(unit_file)["LoadCredential"] not in others
