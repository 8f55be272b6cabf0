"""`sync-worker status`: how the worker and the registry are."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import click

from sync_worker import bootstrap
from sync_worker.cli import options
from sync_worker.cli.invocation import Invocation, pass_invocation
from sync_worker.cli.remedies import sentence_of
from sync_worker.cli.table import Columns
from sync_worker.events import record
from sync_worker.inspection import attention as attention_module
from sync_worker.inspection import local_worker, log_state
from sync_worker.inspection import status as status_module
from sync_worker.inspection import workers as workers_module
from sync_worker.language import counted

PARTITION_COLUMNS = Columns(
    "stream",
    "topic",
    "partition",
    "position",
    "end",
    "lag",
    "lag_seconds",
    "read",
    "applied",
    "superseded",
    "ignored",
    "dead_lettered",
    hidden_first=(
        "lag_seconds",
        "superseded",
        "ignored",
        "stream",
        "applied",
        "read",
        "dead_lettered",
    ),
)

WORKER_COLUMNS = Columns(
    "name",
    "state",
    "partitions",
    "since",
    "seen_at",
    "host",
    "pid",
    "version",
    hidden_first=("version", "pid", "host", "since", "seen_at"),
)


@click.command(
    cls=options.Command,
    prints_document=True,
    epilog=options.examples("sync-worker status", "sync-worker status -o json"),
)
@pass_invocation
def command(run: Invocation) -> None:
    """Show how far the worker has read, and what needs attention.

    Always ends with 0, whatever needs attention: scripts use doctor, which ends with 3 if a check
    failed. No worker needs to run. As a table it begins with one line: healthy, or what needs
    attention and what to type; what `run` would refuse, too. `end` and `lag` are empty if Kafka is
    unavailable or not configured, and for archives; `lag` also if the log is not the one that was
    read. A worker at the HTTP port of the settings that is not ready is quoted on stderr, also when
    the database cannot be reached.
    """
    try:
        document = _document(run)
    except Exception:
        _tell_of_local_worker(run)
        raise
    run.output.document(document, render=lambda shown: _text(run, shown))
    if document["attention"]:
        _tell_of_local_worker(run)


def _document(run: Invocation) -> dict[str, Any]:
    look = bootstrap.streams.log_reader(run.settings)
    with run.registry() as registry:
        document = status_module.status(registry, bootstrap.registry.regions(run.settings), look)
    sentences = [sentence_of(*attention) for attention in document["attention"]]
    document["attention"] = run.output.redaction.values(sentences)
    return document


def _tell_of_local_worker(run: Invocation) -> None:
    """Say on stderr what a worker on this machine says of itself, where it is not ready.

    It knows since when, and what it has tried, while neither the database nor Kafka can be asked.
    """
    host, port = run.settings.http_host, run.settings.http_port
    answer = local_worker.readiness(host, port) if run.output.is_table and port else None
    if answer is not None and answer["codes"]:
        account = run.output.fields(local_worker.account(answer), sys.stderr)
        run.output.attention(f"The worker at {host}, port {port}, says:\n{account}\n")


def _text(run: Invocation, shown: dict[str, Any]) -> str:
    text = run.output.text
    clinics, letters = shown["clinics"], shown["dead_letters"]
    numbers = ", ".join(f"{number} {kind}" for kind, number in clinics.items())
    oldest = f", the oldest from {text(letters['oldest_at'])}" if letters["open"] else ""
    attention = [run.output.folded(f"needs attention: {it}") for it in shown["attention"]]
    numbered = {
        **_reading(run, shown),
        "clinics": numbers,
        "regions": f"{shown['regions']['service_on']} with the service on",
        "dead letters": f"{letters['open']} open{oldest}",
        "holds": f"{shown['holds']['open']} open",
        "last applied": shown["last_applied_at"] or "never",
        "newest event": shown["newest_event_at"] or "none",
        "reconciled": _reconciled(run, shown["reconciled"]),
    }
    lines = [*(attention or ["healthy"]), "", run.output.fields(numbered)]
    if shown["workers"]:
        lines += ["", run.output.table(map(_worker_row, shown["workers"]), WORKER_COLUMNS)]
    if shown["partitions"]:
        lines += ["", run.output.table(shown["partitions"], PARTITION_COLUMNS)]
    return "\n".join(lines)


def _reconciled(run: Invocation, last: dict[str, Any] | None) -> str:
    """When the registry was last proved true, and what is left of what differed then."""
    if last is None:
        return "never"
    left = counted(last["not_repaired"], "fact differs", "facts differ")
    found = left if last["not_repaired"] else "no drift is left"
    return f"{run.output.text(last['at'])}, against {last['against']}: {found}"


def _reading(run: Invocation, shown: dict[str, Any]) -> dict[str, str]:
    """What waits and who reads it; nothing of that where only archives are read."""
    if run.settings.kafka_bootstrap_servers is None and not shown["workers"]:
        return {}
    return {"behind": _backlog(run, shown), "workers": _numbers_of(shown["workers"])}


def _backlog(run: Invocation, shown: dict[str, Any]) -> str:
    if shown["lag"] is None:
        return "unknown"
    oldest_at, seconds = shown["oldest_unread_at"], shown["lag_seconds"]
    oldest = "" if oldest_at is None else f", the oldest from {run.output.text(oldest_at)}"
    age = "" if not seconds else f" ({attention_module.span(timedelta(seconds=seconds))} ago)"
    beyond = log_state.uncommitted_in_words(
        {
            record.Partition(each["topic"], each["partition"]): each["uncommitted"]
            for each in shown["partitions"]
            if each["uncommitted"]
        }
    )
    more = f"; {beyond}" if beyond else ""
    return f"{counted(shown['lag'], 'record', 'records')}{oldest}{age}{more}"


def _numbers_of(workers: Sequence[dict[str, Any]]) -> str:
    states = Counter(worker["state"] for worker in workers)
    return ", ".join(f"{number} {state}" for state, number in sorted(states.items())) or "none"


def _worker_row(worker: dict[str, Any]) -> dict[str, Any]:
    assigned = (record.Partition(**partition) for partition in worker["partitions"])
    return {**worker, "partitions": workers_module.named(assigned)}
