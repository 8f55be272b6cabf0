"""That one pass of a merge decides as the guard does record by record."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.builders import ACTIVATION, numbered
from tests.worlds.guard import CLINICS, DECODER, OPENING, REGIONS, STREAM, documents, limits

from sync_worker.domain.facts import Facts
from sync_worker.domain.mass_change_guard import Guard, Limits, Region
from sync_worker.pipeline.decoded_records import DecodedRecords
from sync_worker.pipeline.merge import GuardedMerger, Merger, PriorState, merge
from sync_worker.registry.clinics import KnownClinic

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


def decoded(events):
    return DecodedRecords.decode(DECODER, numbered(events, topic=ACTIVATION), NOW)


def known(registered, placed):
    """The clinics, registered or not; those that are not `placed` are in no region."""
    unnamed = {hsa_id: KnownClinic(Facts(), hsa_id in registered) for hsa_id in CLINICS}
    opened = Merger(STREAM, unnamed, {}, NOW).merge(decoded(OPENING)).changed
    return {
        hsa_id: KnownClinic(opened[hsa_id] if hsa_id in placed else Facts(), hsa_id in registered)
        for hsa_id in CLINICS
    }


def guard(clinics, bounds, codes):
    changes, percent = bounds
    regions = {code: Region() for code in codes}
    for clinic in clinics.values():
        region = clinic.facts.region
        if clinic.is_registered and region is not None and region.value in regions:
            regions[region.value].registered += 1
    return Guard(Limits(changes, percent, timedelta(hours=1)), regions, NOW)


some_clinics = st.sets(st.sampled_from(CLINICS))


@given(limits, some_clinics, some_clinics, documents)
def test_one_pass_decides_as_the_guard_does_record_by_record(bounds, registered, placed, events):
    clinics, records = known(registered, placed), decoded(events)
    prior = PriorState(clinics, {}, {})
    loaded = []

    def load(codes, _):
        loaded.extend(codes)
        return guard(clinics, bounds, codes)

    merged, after = merge(STREAM, prior, NOW, records, load)
    judge = guard(clinics, bounds, loaded if after else REGIONS)
    assert merged == GuardedMerger(STREAM, prior, NOW, judge).merge(records)
    if after is not None:
        assert after.regions == judge.regions
        assert after.opened == judge.opened
