"""Words for entries of the change log, which are in the form of `log list`."""

from collections.abc import Callable, Mapping
from typing import Any

from sync_worker.administration.messages import explanations
from sync_worker.administration.messages.page import clinic, log
from sync_worker.domain.regions import Regions
from sync_worker.language import FilledMessage, Message
from sync_worker.registry import change_log
from sync_worker.web.wording import region_name

Words = Message | FilledMessage | str
Entry = Mapping[str, Any]
_BETWEEN_REGIONS = frozenset({change_log.MOVED, change_log.HELD, change_log.WITHDRAWN})
"""The changes whose values may be codes of regions."""
_SHOWS_VALUES = _BETWEEN_REGIONS | {
    *("renamed", change_log.BOARD_SET, change_log.BOARD_CLEARED, "repaired", "positions_reset")
}
"""The changes that their name does not tell all of."""


def change_named(entry: Entry) -> Words:
    """What happened."""
    change = entry["change"]
    return log.CHANGES.get(change) or log.OTHER_CHANGE(change=change)


def old_and_new(entry: Entry, regions: Regions) -> tuple[Words | None, Words | None]:
    """From what to what it changed; nothing where its name says so."""
    if entry["change"] not in _SHOWS_VALUES:
        return None, None
    return _value(entry, "old", regions), _value(entry, "new", regions)


def values_of(entry: Entry, regions: Regions) -> Words | None:
    """The same in words."""
    old, new = old_and_new(entry, regions)
    return log.FROM_TO(old=old, new=new) if old is not None and new is not None else old or new


def _value(entry: Entry, name: str, regions: Regions) -> Words | None:
    value = entry[name]
    if isinstance(value, bool):
        return log.ACTIVE if value else log.INACTIVE
    if value in regions and entry["change"] in _BETWEEN_REGIONS:
        return region_name(regions, value)
    return value or None


def person_of(entry: Entry) -> Words | None:
    """Who did it; None where an event did."""
    if entry["actor"] is not None:
        return str(entry["actor"])
    return log.BY_SYSTEM if entry["event_id"] is None else None


def event_of(entry: Entry, *, in_full: bool) -> Words | None:
    """The event that says so, in full with where it stands; None where none does."""
    event_id = entry["event_id"]
    if event_id is None:
        return None
    # A record without a value states no id.
    shown = event_id or explanations.EVENT_WITHOUT_ID
    if not in_full or entry["topic"] is None:
        return log.BY_EVENT(event_id=shown) if event_id else shown
    names = ("topic", "partition", "offset")
    return clinic.BY_EVENT(event_id=shown, **{name: entry[name] for name in names})


GLOBALS: Mapping[str, Callable[..., Words | None]] = {
    "change_named": change_named,
    "event_of": event_of,
    "person_of": person_of,
    "values_of": values_of,
}
"""For templates."""
