"""What stands against publishing an archive as it is: found before the first record is sent."""

from collections.abc import Iterator, Mapping, Sequence

from sync_worker import bootstrap
from sync_worker.cli.invocation import Invocation
from sync_worker.errors import Exit, UserError
from sync_worker.streams.kafka.admin import KEEPS_RECORDS, config_mismatches
from sync_worker.streams.kafka.topic_limits import RecordExtremes, changes, refusals

ACCEPT = "--accept-changed-timestamps"

Configurations = Mapping[str, Mapping[str, str] | None]
"""The options of each topic; None where this user may not read them."""


def compare(
    run: Invocation,
    contents: Mapping[str, RecordExtremes],
    found: Configurations,
    *,
    accepts_changes: bool,
) -> None:
    """Compare what is to be published, by topic, with what the topics' options do to it.

    Raises:
        UserError: the broker would refuse a record, or change timestamps without leave.
    """
    _refuse_unwritable([said for topic in contents for said in _refused(topic, contents, found)])
    changed = [said for topic in contents for said in _changed(topic, contents, found)]
    if not accepts_changes:
        _refuse_changes(changed)
    for sentence in changed:
        run.output.attention(f"Timestamps do not stay as they are: {sentence}.")
    for topic in contents:
        if lost := config_mismatches(found[topic] or {}, KEEPS_RECORDS):
            run.output.attention(
                f"{topic} does not keep every record for ever ({', '.join(lost)}): what is "
                "published can be gone soon, old records first."
            )


def _refuse_unwritable(sentences: Sequence[str]) -> None:
    if sentences:
        raise UserError(
            Exit.USAGE,
            f"Kafka would refuse records of the archive: {'; '.join(sentences)}.",
            why="Nothing was published.",
            hint="Change the topic's options with Kafka's own tool, or the archive.",
            code="stream",
        )


def _refuse_changes(sentences: Sequence[str]) -> None:
    if sentences:
        raise UserError(
            Exit.REFUSED,
            f"Timestamps would not stay as they are: {'; '.join(sentences)}.",
            why="A tombstone says that its clinic went at its timestamp. Nothing was published.",
            hint="Have the topic's message.timestamp.type set to CreateTime, leave the tombstone "
            f"out, or have the right given to this user, as it says; or accept it: {ACCEPT}",
        )


def _refused(
    topic: str, contents: Mapping[str, RecordExtremes], found: Configurations
) -> Iterator[str]:
    said = refusals(found[topic] or {}, contents[topic], bootstrap.now())
    return (f"{topic}: {sentence}" for sentence in said)


def _changed(
    topic: str, contents: Mapping[str, RecordExtremes], found: Configurations
) -> Iterator[str]:
    options = found[topic]
    if options is None:
        yield (
            f"{topic}: whether it keeps them is not known, since this user lacks the right "
            "DESCRIBE_CONFIGS"
        )
    yield from (f"{topic}: {sentence}" for sentence in changes(options or {}, contents[topic]))
