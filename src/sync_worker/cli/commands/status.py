"""`sync-worker status`: how the worker and the registry are."""

from typing import TYPE_CHECKING, Any

import click

from sync_worker.cli import options

if TYPE_CHECKING:
    from sync_worker.inspection.status import Log

PARTITION_COLUMNS = (
    "stream",
    "topic",
    "partition",
    "position",
    "end",
    "lag",
    "read",
    "applied",
    "superseded",
    "ignored",
    "dead_lettered",
)


@click.command(
    cls=options.Command,
    prints_document=True,
    epilog=options.examples("sync-worker status", "sync-worker status -o json"),
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show how far the worker has read, and what needs attention.

    True also when no worker runs. As a table it begins with one line: healthy, or what needs
    attention and what to type. `end` and `lag` are empty where Kafka is away or not configured, and
    for archives.
    """
    from sync_worker.cli import wiring
    from sync_worker.inspection.status import status

    run = options.invocation(ctx)
    with wiring.registry(run.settings.database_url) as registry:
        document = status(registry, wiring.regions(run.settings), _log(run))
    run.output.document(document, render=lambda shown: _text(run, shown))


def _log(run: options.Invocation) -> "Log | None":
    """The log as Kafka has it now; None where it is not configured or does not answer."""
    from sync_worker.cli import wiring
    from sync_worker.inspection.status import Log
    from sync_worker.stream.source import StreamAway

    if run.settings.kafka_bootstrap_servers is None:
        return None
    try:
        with wiring.kafka_admin(run.settings) as admin:
            found = admin.topics(wiring.topics(run.settings)).values()
            partitions = [partition for topic in found for partition in topic.partitions]
            return Log(f"kafka:{admin.cluster_id()}", admin.bounds(partitions))
    except StreamAway as error:
        run.output.attention(f"Kafka does not answer, so that end and lag are not known: {error}")
        return None


def _text(run: options.Invocation, shown: dict[str, Any]) -> str:
    text = run.output.text
    clinics, letters = shown["clinics"], shown["dead_letters"]
    numbers = ", ".join(f"{number} {kind}" for kind, number in clinics.items())
    oldest = f", the oldest from {text(letters['oldest_at'])}" if letters["open"] else ""
    lines = [f"needs attention: {sentence}" for sentence in shown["attention"]] or ["healthy"]
    lines += [
        "",
        f"clinics        {numbers}",
        f"regions        {shown['regions']['service_on']} with the service on",
        f"dead letters   {letters['open']} open{oldest}",
        f"holds          {shown['holds']['open']} open",
        f"last applied   {text(shown['last_applied_at']) or 'never'}",
        f"newest event   {text(shown['newest_event_at']) or 'none'}",
    ]
    if shown["partitions"]:
        lines += ["", run.output.table(shown["partitions"], PARTITION_COLUMNS)]
    return "\n".join(lines)
