"""The one catalogue of metrics, as data: what is served, documented and queried follows from it."""

from sync_worker.telemetry.catalogue import of_page, of_records, of_registry, of_worker

CATALOGUE = (*of_worker.METRICS, *of_records.METRICS, *of_registry.METRICS)
"""What a worker serves."""
PAGE_CATALOGUE = (*of_page.METRICS, of_worker.LINES_DROPPED, of_worker.BUILD_INFO)
"""What a process serves that serves the administrators' page."""
