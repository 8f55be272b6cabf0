"""The watchdog ends a process whose loop is stuck, and its last words are a line of the log."""

import json
import subprocess
import sys

STUCK = """
import sys, time
from sync_worker.telemetry.health import Health
from sync_worker.telemetry.logging import configure
from sync_worker.telemetry.readiness import ReadinessLog
from sync_worker.telemetry.redaction import Redaction
from sync_worker.telemetry.watchdog import watched

log = configure("info", "json", sys.stderr, redaction=Redaction())
health = Health(stuck_after_seconds=0.1)
with watched(health, ReadinessLog(log, health).update, log):
    time.sleep(600)
"""


def test_a_stuck_process_ends_with_words_in_the_log():
    done = subprocess.run(
        [sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=60, check=False
    )
    *told, last = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 1
    assert told[0]["event"] == "not_ready"
    assert (last["event"], last["why"], last["level"]) == ("stopped", "loop_stuck", "error")
    assert last["detail"].endswith("the process ends, to be restarted")
    assert last["read"] == 0
