"""What closes a run finds whatever is wrong: without this, all of them could pass for nothing."""

from collections import Counter

import pytest

from tests.endurance.closing import close
from tests.endurance.report import Section
from tests.real.worker.stage import Stage
from tests.real.worker.streams import REGISTERED, anything

_TAMPERING = {
    "a record counted twice": (
        "UPDATE position SET applied = applied + 1 WHERE applied > 0",
        "UPDATE position SET applied = applied - 1 WHERE applied > 1",
    ),
    "another outcome": (
        "UPDATE position SET applied = applied - 1, ignored = ignored + 1 WHERE applied > 0",
        "UPDATE position SET applied = applied + 1, ignored = ignored - 1 WHERE ignored > 0",
    ),
    "a position that is ahead": (
        "UPDATE position SET next_offset = next_offset + 1",
        "UPDATE position SET next_offset = next_offset - 1",
    ),
    "a clinic that no event named": (
        "INSERT INTO clinic (hsa_id, active) VALUES ('SE1-EXTRA', true)",
        "DELETE FROM clinic WHERE hsa_id = 'SE1-EXTRA'",
    ),
    "a fact that no event stated": (
        "UPDATE clinic SET region_code = '00' WHERE region_code = '01'",
        "UPDATE clinic SET region_code = '01' WHERE region_code = '00'",
    ),
    "a dead letter of another reason": (
        "UPDATE dead_letter SET reason = 'x-' || reason",
        "UPDATE dead_letter SET reason = substr(reason, 3)",
    ),
    "a change that never was": (
        "INSERT INTO change_log (at, change, hsa_id) VALUES (now(), 'moved', 'SE1-EXTRA')",
        "",
    ),
}
"""What is done to a registry, and how it is undone; the log cannot be undone, and comes last."""


def test_a_registry_that_was_tampered_with_is_not_closed(stage: Stage, section: Section) -> None:
    """A run that is sound is closed, and none that was tampered with."""
    stage.send_events(anything(3, 500))
    assert stage.finish().exit_code == 0
    produced = Counter((record.topic, record.partition) for record in stage.records())
    close(stage, produced, REGISTERED, section)
    for what, (done, undone) in _TAMPERING.items():
        stage.execute(done)
        with pytest.raises(AssertionError):
            close(stage, produced, REGISTERED, Section(what, ""))
        if undone:
            stage.execute(undone)
            close(stage, produced, REGISTERED, Section(what, ""))
    lost = produced - Counter([next(iter(produced))])
    with pytest.raises(AssertionError):
        close(stage, lost, REGISTERED, Section("a record lost on the way", ""))
