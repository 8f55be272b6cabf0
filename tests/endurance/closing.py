"""What closes each run: conservation, convergence, and nothing extra.

Everything is held against the logs as a plain client reads them and against what the producers were
told, never against what the program says of itself.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tests.endurance.report import Section
from tests.real.worker.expected import Contents, Place, folded
from tests.real.worker.stage import CHANGES, Stage

_FACTS = {"activated": 0, "deactivated": 0, "moved": 1, "renamed": 2}
_SECONDS = 120.0
_TRUTH = {"true": True, "false": False}


def close(
    stage: Stage,
    produced: Mapping[Place, int],
    registered: Collection[str],
    section: Section,
    seconds: float = _SECONDS,
) -> None:
    """Wait until everything is read, and hold it against the logs folded on their own."""
    records = stage.records()
    stage.until_read(len(records), seconds)
    found = stage.contents()
    section.add_counts(produced, found.counts)
    check_conservation(stage, produced, records, found)
    check_convergence(found, folded(records, stage.activation, registered))
    check_nothing_extra(stage)
    section.is_closed = True


def check_convergence(found: Contents, expected: Contents) -> None:
    """Clinics, outcomes, dead letters and the changes of registered clinics are as folded."""
    assert found == expected, _difference(found, expected)


def check_conservation(
    stage: Stage, produced: Mapping[Place, int], records: Sequence[Any], found: Contents
) -> None:
    """Produced = in the log = read = the sum of the outcomes, for each partition."""
    in_log = Counter((record.topic, record.partition) for record in records)
    counted = {place: sum(counts.values()) for place, counts in found.counts.items()}
    positions = {place: offset for place, offset in stage.positions().items() if offset}
    assert dict(produced) == dict(in_log) == counted == positions


def check_nothing_extra(stage: Stage) -> None:
    """The change log, replayed on its own, gives the registered clinics and their facts.

    Each entry must begin where the one before it ended, and be about a registered clinic.
    """
    replayed: dict[str, list[bool | str | None]] = {}
    for entry in stage.query("SELECT * FROM change_log ORDER BY id"):
        change, hsa_id = entry["change"], entry["hsa_id"]
        if change == "registered":
            assert hsa_id not in replayed, entry
            replayed[hsa_id] = [None, None, None]
            continue
        assert change in CHANGES, entry
        assert hsa_id in replayed, entry
        facts, number = replayed[hsa_id], _FACTS[change]
        old, new = (_TRUTH.get(entry[side], entry[side]) for side in ("old_value", "new_value"))
        assert (old, old != new) == (facts[number], True), entry
        facts[number] = new
    rows = stage.query("SELECT * FROM clinic WHERE registered_at IS NOT NULL")
    assert replayed == {row["hsa_id"]: [row[name] for name in _COLUMNS] for row in rows}


_COLUMNS = ("active", "region_code", "name")


def _difference(found: Contents, expected: Contents) -> str:
    """Where two registries differ, without the tens of thousands of rows that are alike."""
    rows = {
        hsa_id: (found.rows.get(hsa_id), expected.rows.get(hsa_id))
        for hsa_id in found.rows.keys() | expected.rows.keys()
        if found.rows.get(hsa_id) != expected.rows.get(hsa_id)
    }
    dead = set(found.dead_letters) ^ set(expected.dead_letters)
    changes = Counter(found.changes)
    changes.subtract(expected.changes)
    differing = sorted((count, change) for change, count in changes.items() if count)
    counts = (found.counts, expected.counts) if found.counts != expected.counts else "alike"
    return (
        f"rows: {dict(list(rows.items())[:20])}\ncounts: {counts}\n"
        f"dead letters: {sorted(dead, key=repr)[:20]}\nchanges: {differing[:20]}"
    )
