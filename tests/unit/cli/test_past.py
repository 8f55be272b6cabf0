"""`clinics list --as-of` and `clinics closures` as they are typed."""

from datetime import UTC, datetime

import pytest
from tests.builders import activated, deactivated
from tests.worlds.command_line import A, C

LISTED = {"hsa_id", "name", "region_code", "active", "registered", "status", "updated_at"}
CLOSURE = {
    *("hsa_id", "name", "region_code", "status", "from", "until", "change", "actor", "login"),
    *("reason", "event_id", "topic", "partition", "offset"),
    *("until_change", "until_actor", "until_event_id"),
}


def moment():
    """A time after everything so far, and before all that comes."""
    now = datetime.now(UTC)
    while (datetime.now(UTC) - now).total_seconds() < 0.002:
        pass
    return now.isoformat()


@pytest.fixture
def closed(populated, reads):
    """Clinic A was closed by an event between the two moments, and opened again after them."""
    before = moment()
    reads(deactivated(A, 6, id="wrong"))
    during = moment()
    reads(activated(A, 7, id="right"))
    return before, during


def statuses(told):
    assert (told.exit_code, told.stderr) == (0, "")
    return {item["hsa_id"]: item["status"] for item in told.items}


def test_clinics_are_listed_as_they_were(closed, sync_worker):
    before, during = closed
    told = sync_worker("clinics", "list", "--as-of", during, "-o", "json")
    assert statuses(told) == {A: "deactivated", C: "service_off"}
    assert all(set(item) == LISTED for item in told.items)
    told = sync_worker("clinics", "list", "--as-of", before, "-o", "json")
    assert statuses(told) == {A: "receiving", C: "service_off"}
    told = sync_worker("clinics", "list", "--as-of", during, "--region", "03", "-o", "json")
    assert statuses(told) == {C: "service_off"}


def test_closures_say_from_when_to_when_and_why(closed, sync_worker):
    before, during = closed
    told = sync_worker("clinics", "closures", "--since", before, "-o", "json")
    assert all(set(item) == CLOSURE for item in told.items)
    items = {item["hsa_id"]: item for item in told.items}
    assert set(items) == {A, C}
    assert (items[C]["status"], items[C]["from"], items[C]["until"]) == ("service_off", None, None)
    of_a = items[A]
    assert (of_a["status"], of_a["event_id"], of_a["until_event_id"]) == (
        *("deactivated", "wrong", "right"),
    )
    assert before.replace("+00:00", "Z") < of_a["from"] < during.replace("+00:00", "Z")
    told = sync_worker("clinics", "closures", "--since", before, "--region", "01", "-o", "csv")
    head, *rows = told.stdout.splitlines()
    assert set(head.split(",")) == CLOSURE
    assert len(rows) == 1


def test_that_nothing_was_closed_is_said(populated, sync_worker):
    command = ("clinics", "closures", "--since", moment(), "--region", "01")
    assert sync_worker(*command).stderr == (
        "All registered clinics could receive cases all the time.\n"
    )
    assert sync_worker(*command, SYNC_WORKER_LANG="sv").stderr == (
        "Alla tillagda mottagningar kunde ta emot ärenden hela tiden.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["list", "--as-of", "2020-01-01"], "The change log begins at"),
        (["list", "--as-of", "9999-12-31"], "has not been yet"),
        (["list", "--as-of", "now"], "not a valid date or time"),
        (["closures", "--since", "2020-01-01"], "The change log begins at"),
        (["closures", "--since", "9999-12-31"], "The period ends at"),
        (["closures"], "Missing option '--since'"),
    ],
)
def test_a_time_that_no_log_tells_of_is_refused(populated, sync_worker, arguments, sentence):
    told = sync_worker("clinics", *arguments, "-o", "json")
    assert (told.exit_code, told.stdout) == (2, "")
    assert sentence in told.error["message"]


def test_clinics_not_registered_then_cannot_be_asked_for(populated, sync_worker):
    command = ("clinics", "list", "--as-of", moment(), "--status", "not_registered")
    told = sync_worker(*command, "-o", "json", SYNC_WORKER_LANG="sv")
    assert told.exit_code == 2
    assert "visas bara för mottagningar som var tillagda" in told.error["message"]
