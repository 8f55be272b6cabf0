"""A Prometheus server that scrapes workers every second, and evaluates alert rules as often."""

import json
import shutil
import signal
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.services import processes
from tests.services.waiting import until

_CONFIGURATION = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: sync-worker
    file_sd_configs: [{{files: ["{targets}"], refresh_interval: 1s}}]
"""


class NoPrometheus(Exception):
    """This machine cannot run Prometheus; the message says what is missing."""


def program(name: str) -> str:
    """Where one of the programs of Prometheus is; NoPrometheus where it is not installed."""
    found = shutil.which(name)
    if found is None:
        raise NoPrometheus(f"{name} is not installed (Debian: apt-get install prometheus)")
    return found


class Prometheus:
    """A server as a child process of the test run."""

    def __init__(self, rules: str) -> None:
        """`rules` is the text of a file of rules."""
        self._folder = Path(tempfile.mkdtemp(prefix="sync-worker-prometheus-"))
        self._targets = self._folder / "targets.json"
        self.scrape([])
        (self._folder / "rules.yml").write_text(rules)
        configuration = self._folder / "prometheus.yml"
        configuration.write_text(
            _CONFIGURATION.format(rules=self._folder / "rules.yml", targets=self._targets)
        )
        self._address = f"127.0.0.1:{processes.free_port()}"
        command = [
            program("prometheus"),
            f"--config.file={configuration}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address={self._address}",
        ]
        self._started_at = time.time()
        self._process = processes.start(command, self._folder / "server.log")
        until(self._is_ready, f"Prometheus to start, see {self._folder}/server.log", 60)

    def scrape(self, ports: Sequence[int]) -> None:
        """Scrape the workers whose HTTP ports these are, and no others."""
        targets = [f"127.0.0.1:{port}" for port in ports]
        made = self._targets.with_suffix(".new")
        made.write_text(json.dumps([{"targets": targets}]))
        made.replace(self._targets)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The vector that an expression has now; RuntimeError where it is no expression."""
        question = urllib.parse.urlencode({"query": expression})
        found: list[dict[str, Any]] = self._get(f"/api/v1/query?{question}")["result"]
        return found

    def past(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression has had since the server started, every five seconds."""
        span = {"start": self._started_at, "end": time.time(), "step": 5}
        question = urllib.parse.urlencode({"query": expression, **span})
        found: list[dict[str, Any]] = self._get(f"/api/v1/query_range?{question}")["result"]
        return found

    def is_scraping(self, port: int) -> bool:
        """Whether the worker at that port has been scraped."""
        return bool(self.query(f'up{{instance="127.0.0.1:{port}"}} == 1'))

    def firing(self) -> dict[str, dict[str, Any]]:
        """The alerts that fire, by name: labels and annotations of one of each."""
        alerts = self._get("/api/v1/alerts")["alerts"]
        return {
            alert["labels"]["alertname"]: alert for alert in alerts if alert["state"] == "firing"
        }

    def remove(self) -> None:
        """End it."""
        processes.end(self._process, signal.SIGTERM)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://{self._address}{path}", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)["data"]
            return found

    def _is_ready(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"Prometheus ended:\n{(self._folder / 'server.log').read_text()}")
        try:
            with urllib.request.urlopen(f"http://{self._address}/-/ready", timeout=2):
                return True
        except OSError:
            return False
