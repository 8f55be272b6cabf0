"""The messages of a catalogue, however they are put together."""

from collections.abc import Iterator

from sync_worker.language import Message


def messages_in(value: object) -> Iterator[Message]:
    """The messages in a value of the catalogue."""
    if isinstance(value, Message):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from messages_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from messages_in(inner)
