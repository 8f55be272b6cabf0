"""The table of rights in Kafka in docs/deploying.md, as the tests read it."""

import re
from dataclasses import dataclass
from pathlib import Path

_DOCUMENT = Path(__file__).parents[3] / "docs" / "deploying.md"
_RIGHT = re.compile(r"([A-Z_]+) on the (topics|group)")


@dataclass(frozen=True)
class Right:
    """A right as access control lists have it, on one topic or on the group."""

    operation: str
    kind: str
    which: str = ""
    """The topic of which events it is, "activation" or "region"; the group needs no such word."""

    def __str__(self) -> str:
        return f"{self.operation} on the {self.which} {self.kind}"


@dataclass(frozen=True)
class Row:
    """What a command needs, and what tells it more, each with what that is."""

    command: str
    needed: tuple[Right, ...]
    telling: dict[str, tuple[Right, ...]]


def rows() -> dict[str, Row]:
    """The rows of the table, by command; one row can be of several."""
    text = _DOCUMENT.read_text(encoding="utf-8")
    section = text.partition("### In Kafka\n")[2].partition("\n### ")[0]
    lines = re.findall(r"^\| (`.*) \|$", section, re.MULTILINE)
    cells = [[cell.strip() for cell in f"{line} ".split(" |")] for line in lines]
    return {
        command: Row(command, _rights(needed), _telling(telling))
        for commands, needed, telling in cells
        for command in re.findall(r"`([a-z ]+)`", commands)
    }


def _telling(cell: str) -> dict[str, tuple[Right, ...]]:
    parts = (part.partition(": ") for part in cell.split("; ") if part)
    return {what: _rights(rights) for rights, _, what in parts}


def _rights(cell: str) -> tuple[Right, ...]:
    return tuple(
        right
        for operation, kind in _RIGHT.findall(cell)
        for right in (
            [Right(operation, "group")]
            if kind == "group"
            else [Right(operation, "topic", which) for which in ("activation", "region")]
        )
    )
