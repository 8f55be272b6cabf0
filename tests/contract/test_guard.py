"""The mass-change guard in the one write path, against an independent model of the contract."""

import pytest
from hypothesis import given
from tests.builders import numbered
from tests.worlds.fold import Fold
from tests.worlds.guard import (
    CLINICS,
    DECODER,
    OPENING,
    STREAM,
    acts,
    documents,
    limits,
    play,
    through_the_database,
)
from tests.worlds.registry import part_sizes, rows, values

from sync_worker.events.outcome import Outcome
from sync_worker.pipeline.decoded_records import DecodedRecords
from sync_worker.pipeline.dry_run import DryRun
from sync_worker.registry import clinics, guard_state, holds
from sync_worker.registry.dialect import rows as dialect_rows


@pytest.fixture(autouse=True)
def _few_at_a_time(monkeypatch):
    """Have what many clinics need read and written in several parts, as is done for thousands."""
    monkeypatch.setattr(clinics, "_CLINICS_AT_A_TIME", 2)
    monkeypatch.setattr(guard_state, "_REGIONS_AT_A_TIME", 1)
    monkeypatch.setattr(dialect_rows, "_ROWS_AT_A_TIME", 2)


def text(value):
    return str(value).lower() if isinstance(value, bool) else value


@through_the_database
@given(limits, acts, part_sizes)
def test_the_registry_follows_the_contract_whatever_happens_in_whatever_batches(
    registry, bounds, script, sizes
):
    stage, model = play(registry, bounds, script, sizes)
    assert values(registry) == model.values()
    assert stage.held_values() == model.held_values()
    listed = [(h["region_code"], h["status"], h["count"], h["revision"]) for h in stage.listed()]
    assert listed == model.listed()
    assert stage.passed() == model.passed()
    assert stage.uncorrected() == model.uncorrected()
    assert stage.changes() == [
        (hsa_id, change, text(old), text(new)) for hsa_id, change, old, new in model.log
    ]
    assert stage.total.applied == model.outcomes["applied"]
    assert stage.total.superseded == model.outcomes["superseded"]
    assert model.most_beyond <= 0


@through_the_database
@given(limits, acts, part_sizes)
def test_once_everything_is_approved_the_registry_equals_the_fold(registry, bounds, script, sizes):
    stage, _ = play(registry, bounds, script, sizes)
    for listed in stage.listed("open"):
        stage.approve(listed["region_code"])
    fold = Fold()
    for document in [
        *OPENING,
        *(document for act in script if isinstance(act, list) for document in act),
    ]:
        fold.read(document)
    assert values(registry) == fold.values()
    assert stage.held_values() == {}


@through_the_database
@given(limits, acts, documents, part_sizes, part_sizes)
def test_a_dry_run_reports_what_the_run_does(
    registry, bounds, script, coming, rehearsed_in, run_in
):
    stage, _ = play(registry, bounds, script, [])
    before, held = rows(registry), stage.held_values()
    rehearsed = rehearse(stage, coming, rehearsed_in)
    assert (rows(registry), stage.held_values()) == (before, held)
    logged = len(stage.changes())
    total = stage.total
    stage.read(coming, run_in)
    outcomes = [outcome for m in rehearsed for outcome in m.outcomes]
    assert outcomes.count(Outcome.APPLIED) == stage.total.applied - total.applied
    assert outcomes.count(Outcome.SUPERSEDED) == stage.total.superseded - total.superseded
    assert stage.changes()[logged:] == [
        (e.hsa_id, e.change, e.old_value, e.new_value) for m in rehearsed for e in m.log_entries
    ]
    after = {h: f for m in rehearsed for h, f in m.changed.items()}
    assert {h: [r and r.value for r in f] for h, f in after.items()} == {
        h: list(row.values()) for h, row in values(registry).items() if h in after
    }
    held_after = {h: f for m in rehearsed for h, f in m.held.items()}
    assert {h: f for h, f in held_after.items() if f} == {
        h: facts for h, facts in held_now(registry).items() if h in held_after
    }


def rehearse(stage, coming, sizes):
    rehearsal, rest, merged = DryRun(stage.limits), numbered(coming), []
    for size in [*sizes, len(rest)]:
        part, rest = rest[:size], rest[size:]
        if part:
            decoded = DecodedRecords.decode(DECODER, part, stage.now())
            with stage.registry.snapshot() as connection:
                merged.append(rehearsal.merge(connection, STREAM, decoded, stage.now()))
    return merged


def held_now(registry):
    with registry.snapshot() as connection:
        return holds.of_clinics(connection, CLINICS)
