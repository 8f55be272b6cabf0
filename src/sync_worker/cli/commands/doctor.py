"""`sync-worker doctor`: everything that can be wrong, looked at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import click

from sync_worker import bootstrap
from sync_worker.cli import options
from sync_worker.cli.invocation import end_with, output_of
from sync_worker.cli.remedies import in_words
from sync_worker.cli.table import Paragraphs
from sync_worker.config import settings as configuration
from sync_worker.errors import Exit, UserError
from sync_worker.inspection import doctor
from sync_worker.language import Language, counted, worded
from sync_worker.telemetry.redaction import redact_library_logs

COLUMNS = ("id", "status", "detail", "fix")
TERMINAL_COLUMNS = ("status", "id", "detail")


@click.command(
    cls=options.Command,
    epilog=options.examples("sync-worker doctor", "sync-worker doctor -o json"),
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Check everything that can be wrong, and say what to type.

    Settings, database, Kafka, and what waits for a person. Each check has 10 seconds and changes
    nothing; `skip` marks those that do not apply. Ends with 3 if a check failed; a warning is not a
    failure.
    """
    output = output_of(ctx)
    redact_library_logs(output.redaction)
    findings = _findings()
    rows = output.redaction.values(_items(findings))
    if output.fits_terminal:
        output.items(_most_urgent_first(rows), TERMINAL_COLUMNS)
    else:
        output.items(rows, COLUMNS)
    failed = [name for name, found in findings.items() if found.state is doctor.State.FAIL]
    if failed:
        output.attention(f"Failed: {', '.join(failed)}.")
        end_with(Exit.ATTENTION)
    warnings = sum(found.state is doctor.State.WARN for found in findings.values())
    told = f"; {counted(warnings, 'warning', 'warnings')}" if warnings else ""
    output.message(f"No check failed{told}.")


def _items(findings: Mapping[str, doctor.Finding]) -> list[dict[str, Any]]:
    return [
        {
            "id": name,
            "status": found.state.value,
            "detail": found.detail,
            "fix": worded(in_words(found.fix), Language.ENGLISH) or None,
        }
        for name, found in findings.items()
    ]


def _most_urgent_first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What failed, then what is warned of; what to do about it stands below each."""
    order = [doctor.State.FAIL, doctor.State.WARN, doctor.State.OK, doctor.State.SKIP]
    by_urgency = sorted(rows, key=lambda row: order.index(row["status"]))
    return [
        {**row, "detail": Paragraphs((row["detail"], f"Fix: {row['fix']}"))} if row["fix"] else row
        for row in by_urgency
    ]


def _findings() -> dict[str, doctor.Finding]:
    try:
        settings = configuration.load_settings(os.environ)
        told = doctor.ok("All settings are valid.")
    except UserError as wrong:
        settings = configuration.Settings()
        message = worded(wrong.message, Language.ENGLISH)
        told = doctor.fail(message.replace("\n  ", " "), wrong.hint)
    with bootstrap.doctor.checks(settings) as checks:
        return doctor.run_checks([doctor.Check("settings", lambda: told), *checks])
