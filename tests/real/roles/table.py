"""Which roles each command works with, as the table in docs/deploying.md says."""

import re
from pathlib import Path

_DOCUMENT = Path(__file__).parents[3] / "docs" / "deploying.md"
OWNER_ALONE = "only the owner of the tables"
NO_DATABASE = "they ask nothing of the database"


def rows() -> dict[str, str]:
    """By command, what the table says of the roles."""
    text = _DOCUMENT.read_text(encoding="utf-8")
    section = text.partition("### In PostgreSQL\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \| (.*) \|$", section, re.MULTILINE)
    named = [(command, roles) for commands, roles in cells for command in _quoted(commands)]
    assert len(dict(named)) == len(named), "a command is in two rows"
    return dict(named)


def roles_of(command: str) -> frozenset[str]:
    """The roles that a command works with."""
    return frozenset(_quoted(rows()[command]))


def _quoted(cell: str) -> list[str]:
    return re.findall(r"`(.*?)`", cell)
