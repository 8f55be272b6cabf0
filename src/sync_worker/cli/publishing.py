"""What stands against publishing an archive as it is: found before the first record is sent."""

from collections.abc import Iterator, Mapping

from sync_worker.cli import wiring
from sync_worker.cli.errors import CommandError, Exit
from sync_worker.cli.options import Invocation
from sync_worker.stream.admin import KEEPS_RECORDS, misfits
from sync_worker.stream.topic_limits import Contents, changes, refusals

ACCEPT = "--accept-changed-timestamps"

Configurations = Mapping[str, Mapping[str, str] | None]
"""The options of each topic; None where this user may not read them."""


def compare(
    run: Invocation,
    contents: Mapping[str, Contents],
    found: Configurations,
    *,
    accepts_changes: bool,
) -> None:
    """Compare what is to be published, by topic, with what the topics' options do to it.

    Raises:
        CommandError: the broker would refuse a record, or change timestamps without leave.
    """
    refused = [said for topic in sorted(contents) for said in _refused(topic, contents, found)]
    if refused:
        raise CommandError(
            Exit.USAGE,
            f"Kafka would refuse records of the archive: {'; '.join(refused)}.",
            why="Nothing was published.",
            hint="Change the topic's options with Kafka's own tool, or the archive.",
            code="stream",
        )
    changed = [said for topic in sorted(contents) for said in _changed(topic, contents, found)]
    if changed and not accepts_changes:
        raise CommandError(
            Exit.REFUSED,
            f"Timestamps would not stay as they are: {'; '.join(changed)}.",
            why="A tombstone says that its clinic went at its timestamp. Nothing was published.",
            hint="kafka-configs.sh … --alter --entity-type topics --entity-name TOPIC --add-config "
            f"message.timestamp.type=CreateTime; or accept it: {ACCEPT}",
        )
    for sentence in changed:
        run.output.attention(f"Timestamps do not stay as they are: {sentence}.")
    for topic in sorted(contents):
        lost = misfits(found[topic] or {}, KEEPS_RECORDS)
        if lost:
            run.output.attention(
                f"{topic} does not keep every record for ever ({', '.join(lost)}): what is "
                "published can be gone soon, old records first."
            )


def _refused(topic: str, contents: Mapping[str, Contents], found: Configurations) -> Iterator[str]:
    said = refusals(found[topic] or {}, contents[topic], wiring.now())
    return (f"{topic}: {sentence}" for sentence in said)


def _changed(topic: str, contents: Mapping[str, Contents], found: Configurations) -> Iterator[str]:
    options = found[topic]
    if options is None:
        yield (
            f"{topic}: whether it keeps them is not known, since this user lacks the right "
            "DESCRIBE_CONFIGS"
        )
    yield from (f"{topic}: {sentence}" for sentence in changes(options or {}, contents[topic]))
