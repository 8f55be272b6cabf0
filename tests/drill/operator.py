"""What an operator has during an incident: commands, the HTTP port, the log, metrics and alerts.

Everything that is looked for is shown, printed as it is found and kept for the report.
"""

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Any

from sync_worker.telemetry.catalogue.metric import Question
from tests.drill.report import Report
from tests.harness.command import INSTALLED, without_settings
from tests.real.worker.stage import Running, Stage
from tests.services.prometheus import Prometheus
from tests.services.waiting import until

_PATIENCE_SECONDS = 60
"""For what an incident leads to: a worker notices most things within 15 seconds."""
BOARD = "SE2321000016-K099"
_AROUND = 60
"""How much of a line is shown on either side of what was looked for."""


class Place(StrEnum):
    """Where an operator looks."""

    STATUS = "sync-worker status"
    DOCTOR = "sync-worker doctor"
    READYZ = "/readyz?verbose"
    LOG = "the log"
    METRICS = "/metrics"


class Operator:
    """Somebody with a shell, a browser and the run book."""

    def __init__(self, stage: Stage, prometheus: Prometheus, report: Report) -> None:
        self.stage = stage
        self._prometheus = prometheus
        self._report = report
        self.workers: list[Running] = []
        self._logged: dict[Running, int] = {}
        """How much each worker had logged when something was last done."""

    def starts(self, **settings: str) -> Running:
        """Start a worker, and have it scraped."""
        return self.watches(self.stage.start(**settings))

    def watches(self, worker: Running) -> Running:
        """Have a worker scraped."""
        self.workers.append(worker)
        self._prometheus.scrape([each.port for each in self.workers])
        return worker

    def has_a_worker(self, **settings: str) -> Running:
        """Start a worker, and wait until it has read everything."""
        worker = self.starts(**settings)
        self.stage.until_ready(worker, seconds=_PATIENCE_SECONDS)
        self.stage.until_read(len(self.stage.records()), _PATIENCE_SECONDS)
        until(lambda: self._prometheus.is_scraping(worker.port), "the worker to be scraped")
        return worker

    def set_board(self, region_code: str) -> None:
        """Give a region a patient board, as support does."""
        self.stage.execute(
            "INSERT INTO patient_board (region_code, hsa_id, name) VALUES (%s, %s, 'Nämnden')",
            region_code,
            BOARD,
        )

    def reads(self, incident: str, chapter: str) -> None:
        """Open the run book at what is seen; the chapter is its anchor."""
        self._report.incident(incident, chapter)

    def does(self, what: str) -> None:
        """Say what is done, to the parts or by the operator, before it is done."""
        self._report.step(what)
        self._logged = {worker: len(worker.output) for worker in self.workers}

    def sees(
        self, place: Place, pattern: str, *, worker: Running | None = None, anew: bool = False
    ) -> str:
        """Look at a place until it shows a pattern; what it shows.

        `anew`: in the log, only what was written since something was last done counts.
        """
        text = self._looking_at(place, worker, anew=anew)
        shown = until(
            lambda: _last_shown(text(), pattern),
            f"{place} to show {pattern!r}",
            _PATIENCE_SECONDS,
            pause_seconds=0.5,
        )
        self._report.sight(place, shown)
        return shown

    def asks(self, question: Question, places: Mapping[Place, str]) -> None:
        """Find the answer to a question at each of the places."""
        self._report.question(question.value)
        for place, pattern in places.items():
            self.sees(place, pattern)

    def hears(self, alert: str) -> None:
        """Wait for an alert to fire."""
        until(
            lambda: alert in self._prometheus.firing(),
            f"{alert} to fire",
            _PATIENCE_SECONDS,
            pause_seconds=0.5,
        )
        said = self._prometheus.firing()[alert]["annotations"]
        self._report.alert(alert, said["summary"], is_firing=True)

    def queries(self, expression: str) -> list[dict[str, Any]]:
        """What an expression has in Prometheus now."""
        return self._prometheus.query(expression)

    def firing(self) -> dict[str, object]:
        """The alerts that fire now."""
        return dict(self._prometheus.firing())

    def hears_no_more(self, alert: str) -> None:
        """Wait for an alert to clear."""
        until(
            lambda: alert not in self._prometheus.firing(),
            f"{alert} to clear",
            _PATIENCE_SECONDS,
            pause_seconds=0.5,
        )
        self._report.alert(alert, "cleared", is_firing=False)

    def types(self, *arguments: str) -> str:
        """Type a command; what it prints, both to stdout and to stderr."""
        self._report.step("$ sync-worker " + " ".join(arguments))
        return self._output(*arguments)

    def _looking_at(self, place: Place, worker: Running | None, *, anew: bool) -> Callable[[], str]:
        if place is Place.STATUS:
            return lambda: self._output("status")
        if place is Place.DOCTOR:
            return lambda: self._output("doctor")
        one = worker or self.workers[-1]
        if place is Place.LOG:
            return lambda: one.output[self._logged.get(one, 0) if anew else 0 :]
        path = str(place)
        return lambda: one.probe(path)[1]

    def _output(self, *arguments: str) -> str:
        done = subprocess.run(
            [INSTALLED, *arguments],
            env=without_settings(os.environ) | self.stage.environment(**self._local_port()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return done.stdout

    def _local_port(self) -> dict[str, str]:
        """The operator's shell has the settings of the worker on the same machine."""
        with suppress(IndexError):
            return {"HTTP_PORT": str(self.workers[-1].port)}
        return {}


def _last_shown(text: str, pattern: str) -> str:
    """The last place that a pattern has in a text, with what is around it in its line."""
    found = list(re.finditer(pattern, text))
    if not found:
        return ""
    began, ended = found[-1].span()
    line_began = text.rfind("\n", 0, began) + 1
    line_ended = text.find("\n", ended)
    before = text[max(line_began, began - _AROUND) : began]
    after = text[ended : min(line_ended if line_ended >= 0 else len(text), ended + _AROUND)]
    cut = ("…" if began - _AROUND > line_began else "", "…" if len(after) == _AROUND else "")
    return f"{cut[0]}{before}{text[began:ended]}{after}{cut[1]}".strip()
