"""Events that are ignored because a framework made another type of theirs."""

import pytest
from tests.builders import ACTIVATION, REGION, activated, event, record, write_archive
from tests.worlds.command_line import A, B

KNOWN = "eservices.clinic.activated.v1"
RUN = ("run", "--archive", "stream.jsonl", "-o", "json")


@pytest.fixture
def run(database, folder, sync_worker):
    """Applies records of these types, in the order given."""

    def apply(*types, topic=ACTIVATION, begin=0, partition=0):
        records = [
            record(
                activated(A, number, type=name),
                topic=topic,
                offset=number,
                partition=partition,
            )
            for number, name in enumerate(types, begin)
        ]
        write_archive(folder / "stream.jsonl", records)
        return sync_worker(*RUN).json

    return apply


def attention(sync_worker):
    return sync_worker("status", "-o", "json").json["attention"]


def check(sync_worker):
    found = sync_worker("doctor", "-o", "json").json
    (item,) = [item for item in found["items"] if item["id"] == "unknown_types"]
    return item


@pytest.mark.parametrize(
    ("name", "like"),
    [
        (f'"{KNOWN}"', KNOWN),
        (f"'{KNOWN}'", KNOWN),
        (f" {KNOWN}", KNOWN),
        (KNOWN.upper(), KNOWN),
        ("Eservices.Clinic.Deactivated.v1", "eservices.clinic.deactivated.v1"),
        ("se.exempel.eservices.ClinicActivatedEvent", KNOWN),
        ("se.exempel.ClinicDeactivated$V1", "eservices.clinic.deactivated.v1"),
        ("clinic_region_changed", "eservices.clinic.region-changed.v1"),
        ("eservices.clinic.actived.v1", KNOWN),
        ("eservice.clinic.activate.v1", KNOWN),
        ("\ufeff" + KNOWN, KNOWN),
    ],
)
def test_one_event_whose_type_resembles_a_known_one_is_reported(run, sync_worker, name, like):
    counts = run(*[KNOWN] * 20, name)
    assert (counts["applied"], counts["ignored"]) == (20, 1)
    (text,) = attention(sync_worker)
    assert f"looks like {like}" in text
    assert text.startswith("1 record has the type ")
    assert text.endswith(": sync-worker doctor")
    found = check(sync_worker)
    assert (found["status"], like in found["detail"]) == ("warn", True)
    assert "validate" in found["fix"]


def test_a_topic_of_unknown_events_is_reported_with_their_type(run, sync_worker):
    run(*["org.springframework.Payload"] * 6, "other.thing", KNOWN)
    (text,) = attention(sync_worker)
    assert f"7 of {ACTIVATION}'s 8 records are of unknown types" in text
    assert "most often 'org.springframework.Payload'" in text
    assert "looks like" not in text
    assert check(sync_worker)["status"] == "warn"


def test_other_programs_events_among_ours_are_no_alarm(run, sync_worker):
    run(*[KNOWN, "other.thing.v1"] * 10, KNOWN)
    assert attention(sync_worker) == []
    assert check(sync_worker)["status"] == "ok"


def test_a_recent_change_of_type_is_reported_among_good_events(run, sync_worker):
    run(*[KNOWN] * 100, *["java.lang.String"] * 20)
    (text,) = attention(sync_worker)
    assert f"the last 20 records of a partition of {ACTIVATION} are of unknown types" in text


def test_a_known_event_ends_the_report_of_unknown_ones(run, sync_worker):
    run(*[KNOWN] * 100, *["java.lang.String"] * 20)
    assert attention(sync_worker)
    run(*[KNOWN] * 100, *["java.lang.String"] * 20, KNOWN)
    assert attention(sync_worker) == []


def test_each_topic_is_judged_by_itself(run, sync_worker):
    run(*[KNOWN] * 10)
    run("java.lang.String", topic=REGION)
    (text,) = attention(sync_worker)
    assert f"1 of {REGION}'s 1 records are of unknown types" in text


def test_types_without_end_take_few_rows_and_do_no_harm(run, sync_worker):
    names = [f"strange.{number}\x1b[2J\0" + "x" * 500 for number in range(200)]
    assert run(*names)["ignored"] == 200
    (text,) = attention(sync_worker)
    assert "200 of" in text
    assert text.isprintable()
    assert len(text) < 300


@pytest.mark.usefixtures("database")
def test_ignored_says_in_validate_what_the_type_looks_like(folder, sync_worker):
    path = folder / "stream.jsonl"
    write_archive(path, [record(event(KNOWN, B, 1, type=f'"{KNOWN}"'), topic=ACTIVATION)])
    (row,) = sync_worker("events", "validate", str(path), "-o", "json").items
    assert (row["verdict"], row["reason"]) == ("ignored", None)
    assert row["detail"].endswith(f"It looks like {KNOWN}.")
