"""The contract's rules once more, as plainly as can be: what the registry must come to.

Written apart from the program and on purpose without its code: it folds event documents one by one
in the order read, keeps whole histories, and takes the greatest at every step.
"""

from collections import Counter
from typing import Any

FACTS = ("activation", "region", "name")
VALUES = {"activation": {"activated": True, "deactivated": False}}


def stated(event: dict[str, Any]) -> dict[str, Any]:
    """The facts that a valid event states."""
    name = event["type"].split(".")[-2]
    data = event["data"]
    facts = {"name": data.get("name")}
    if name != "region-changed":
        facts["activation"] = VALUES["activation"][name]
    if name != "deactivated":
        facts["region"] = data.get("regionCode")
    return {fact: value for fact, value in facts.items() if value is not None}


class Fold:
    """Folds events in the order read."""

    def __init__(self) -> None:
        self.facts: dict[str, dict[str, tuple[Any, ...]]] = {}
        self.outcomes: Counter[str] = Counter()
        self.changes: list[tuple[str, str, Any, Any]] = []

    def read(self, event: dict[str, Any]) -> None:
        known = self.facts.setdefault(event["data"]["hsaId"], {})
        version = (event["time"], event.get("sequence", ""), event["id"])
        newer = {
            fact: (*version, value)
            for fact, value in stated(event).items()
            if fact not in known or (*version, value) > known[fact]
        }
        for fact, register in newer.items():
            old = known[fact][3] if fact in known else None
            if old != register[3]:
                self.changes.append((event["data"]["hsaId"], fact, old, register[3]))
        known.update(newer)
        self.outcomes["applied" if newer else "superseded"] += 1

    def values(self) -> dict[str, dict[str, Any]]:
        """HSA-id → fact → its value, None where never stated."""
        return {
            hsa_id: {fact: facts[fact][3] if fact in facts else None for fact in FACTS}
            for hsa_id, facts in self.facts.items()
        }

    def rows(self) -> dict[str, tuple[Any, ...]]:
        """HSA-id → active, region code, name."""
        return {hsa_id: tuple(values.values())[:3] for hsa_id, values in self.values().items()}
