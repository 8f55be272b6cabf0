"""Counts what the administrators' page does; no label has an HSA-id, a person or free text."""

import platform
from collections.abc import Iterable
from typing import Protocol

from prometheus_client import ProcessCollector, disable_created_metrics

import sync_worker
from sync_worker.domain.admission import AdmissionOutcome, Refusal
from sync_worker.telemetry.catalogue import PAGE_CATALOGUE, of_page, of_worker
from sync_worker.telemetry.series import Series

_METHODS = frozenset({"get", "head", "post"})


class DeedResult(Protocol):
    """What became of a clinic."""

    @property
    def outcome(self) -> AdmissionOutcome:
        """Whether it is added, removed, as it was, or refused."""

    @property
    def reason(self) -> Refusal | None:
        """Why, where it is refused."""


class PageMetrics:
    """What a process that serves the page counts and measures."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.series = Series(PAGE_CATALOGUE)
        self.registry = self.series.registry
        ProcessCollector(registry=self.registry)
        self.series.info(of_worker.BUILD_INFO).info(
            {"version": sync_worker.__version__, "python": platform.python_version()}
        )

    def answered(self, route: str | None, method: str, status: int, seconds: float) -> None:
        """Count a request; `route` is the path of what answers it, if anything does."""
        name, verb = route or of_page.OTHER, method.lower()
        labels = (name, verb if verb in _METHODS else of_page.OTHER, f"{status // 100}xx")
        self.series.counter(of_page.REQUESTS).labels(*labels).inc()
        self.series.histogram(of_page.REQUEST_SECONDS).labels(name).observe(seconds)

    def turned_away(self) -> None:
        """Count a request that came when too many were being answered."""
        self.series.counter(of_page.TURNED_AWAY).inc()

    def done(self, kind: str, results: Iterable[DeedResult]) -> None:
        """Count what became of clinics; `kind` is one, or plan."""
        for result in results:
            self.series.counter(of_page.DEEDS).labels(kind, result.outcome).inc()
            if result.reason is not None:
                self.series.counter(of_page.REFUSALS).labels(result.reason).inc()

    def plan(self, event: str) -> None:
        """Count a plan that is made, confirmed, confirmed again, or stale."""
        self.series.counter(of_page.PLANS).labels(event).inc()

    def sign_in(self, result: str) -> None:
        """Count an attempt: the code of its problem, or that somebody is signed in."""
        self.series.counter(of_page.SIGN_INS).labels(result).inc()
