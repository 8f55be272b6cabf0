"""What operators read: the stream, workers, what waits for them, and dead letters by reason."""

import shlex
from datetime import timedelta

import pytest
from sqlalchemy import insert
from tests.worlds import page
from tests.worlds.plans import A, known
from tests.worlds.registry import NOW

from sync_worker.registry import workers
from sync_worker.registry.tables import dead_letter, held_fact, hold, position
from sync_worker.registry.workers import Condition, Process, Reason

SECRET = "what the record says"


@pytest.fixture
def fia(browser):
    """The browser of an operator."""
    return browser.sign_in(page.OPERATOR)


@pytest.fixture
def incident(registry):
    """A worker that does not read, a hold, and two dead letters."""
    known(registry, A, registered_at=NOW)
    with registry.transaction() as transaction:
        connection = transaction.connection
        began = workers.now(connection) - timedelta(minutes=5)
        condition = Condition((Reason("kafka", "Kafka cannot be reached"),), began, ())
        process = Process("worker-0", "one", 7, "1.0", began)
        workers.report(connection, process, condition, workers.now(connection))
        letter = {"topic": "t", "partition": 0, "digest": "d", "stream": "s", "topic_id": ""}
        letter |= {"headers": "[]", "detail": SECRET, "status": "open", "received_at": NOW}
        letter |= {"reason": "unknown_region", "value": SECRET.encode()}
        letters = [{**letter, "record_offset": offset} for offset in range(2)]
        connection.execute(insert(dead_letter), letters)
        counts = dict.fromkeys(("applied", "superseded", "ignored", "dead_lettered"), 1)
        read = {"stream": "s", "topic": "eservices.clinic", "partition": 0, "next_offset": 4}
        connection.execute(insert(position).values(**read, **counts, newest_event_at=NOW))
        opened = {"id": 4, "opened_at": NOW, "kind": "mass_change", "region_code": "01"}
        connection.execute(insert(hold).values(**opened, revision=1, status="open"))
        held = {"hsa_id": A, "fact": "activation", "hold_id": 4, "value": "false"}
        version = {"time": NOW, "sequence": "", "event_id": "e"}
        connection.execute(insert(held_fact).values(**held, **version))
        transaction.commit()


def test_an_operator_begins_with_operations(fia):
    shown = fia.page("/")
    assert shown.heading == "Drift"
    assert "Inget väntar på beslut." in shown.main
    assert "Ingen arbetsprocess har hört av sig." in shown.main


def test_all_that_waits_has_its_line_to_type(fia, incident):
    shown = fia.page("/drift")
    assert shown.rows == ["eservices.clinic", "worker-0", "unknown_region"]
    assert [code.text for code in shown.all("code")] == [
        "sync-worker holds show 4",
        "sync-worker deadletters list --code unknown_region",
    ]
    assert "Läser inte" in shown.main
    assert "Kafka cannot be reached" in shown.main
    assert SECRET not in shown.main


def test_the_lines_that_are_shown_are_commands(fia, incident, folder, sync_worker):
    settings = {"SYNC_WORKER_DATABASE_URL": f"sqlite:///{folder / 'registry.db'}"}
    for code in fia.page("/drift").all("code"):
        assert sync_worker(*shlex.split(code.text)[1:], **settings).exit_code == 0


def test_a_hold_names_its_clinics(fia, incident):
    shown = fia.page("/drift/massandring", id=4)
    assert shown.heading == "Massändring 4"
    assert f"Exempelkliniken ({A})" in shown.main
    assert shown.one("code").text == "sync-worker holds show 4"
    assert [link for link in shown.all("a") if A in link.get("href")] == []


@pytest.mark.parametrize("number", ["", "5", "04", "x", "9" * 99, "-4"])
def test_a_hold_that_is_not_open_is_not_found(fia, incident, number):
    assert fia.get("/drift/massandring", id=number).status_code == 404


def test_support_may_open_the_clinics_of_a_hold(browser, incident):
    shown = browser.sign_in(page.SUPPORT).page("/drift/massandring", id=4)
    assert f"/mottagning?hsa-id={A}" in [link.get("href") for link in shown.all("a")]
