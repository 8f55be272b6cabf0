"""The table of facts: the columns that keep each, and what the log calls its changes.

Whatever reads, writes, logs, compares or holds facts follows from this table: a new fact is entered
here. Migrations alone do not: they name the columns as they were.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Boolean, Column, Row

from sync_worker.domain.facts import Change, Fact
from sync_worker.registry.dialect import Bytewise, Instant


class FactStorage:
    """How the registry keeps one fact."""

    def __init__(
        self, fact: Fact, value: Column[Any], changed: str, changed_to_false: str = ""
    ) -> None:
        self.value = value
        self.time = Column[Any](f"{fact}_time", Instant)
        self.sequence = Column[Any](f"{fact}_sequence", Bytewise)
        self.event_id = Column[Any](f"{fact}_event_id", Bytewise)
        self.changed, self.changed_to_false = changed, changed_to_false
        """What the log calls a change of it; where that is one to false, the second."""

    @property
    def columns(self) -> tuple[Column[Any], ...]:
        """Of `clinic`, in the order of a `Register`."""
        return self.time, self.sequence, self.event_id, self.value

    @property
    def changes(self) -> tuple[str, ...]:
        """All that the log calls a change of it."""
        return tuple(filter(None, (self.changed, self.changed_to_false)))

    @property
    def is_truth_value(self) -> bool:
        """Whether it is true or false, and no text."""
        return isinstance(self.value.type, Boolean)

    def from_text(self, text: str | None) -> Any:
        """The value that `as_text` has written."""
        return text == "true" if self.is_truth_value and text is not None else text


FACTS: Mapping[Fact, FactStorage] = {
    Fact.ACTIVATION: FactStorage(
        Fact.ACTIVATION,
        Column("active", Boolean(create_constraint=True, name="ck_clinic_active")),
        "activated",
        "deactivated",
    ),
    Fact.REGION: FactStorage(Fact.REGION, Column("region_code", Bytewise), "moved"),
    Fact.NAME: FactStorage(Fact.NAME, Column("name", Bytewise), "renamed"),
}
"""Complete, or importing `COLUMNS` fails."""

COLUMNS = tuple(column for fact in Fact for column in FACTS[fact].columns)
"""The columns of all facts, so that a row of them is one register after the other."""


def change_name(change: Change) -> str:
    """What the log calls a change of a clinic's fact."""
    storage = FACTS[change.fact]
    return storage.changed_to_false if change.new is False else storage.changed


def as_text(value: bool | str | None) -> str | None:
    """A value of any fact, as columns keep it that hold all facts' values."""
    return str(value).lower() if isinstance(value, bool) else value


def change_in(row: Row[Any]) -> Change:
    """The change in a row that has a fact, an old value and a new one as texts."""
    fact = Fact(row.fact)
    from_text = FACTS[fact].from_text
    return Change(fact, from_text(row.old_value), from_text(row.new_value))
