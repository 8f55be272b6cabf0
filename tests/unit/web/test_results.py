"""A deed and what is said of it are one: neither is there without the other."""

import pytest
from sqlalchemy import select, text
from tests.worlds.plans import A, known, registered
from tests.worlds.registry import NOW

from sync_worker.registry.tables import web_session

DEEDS = ("/mottagning/lagg-till", "/mottagning/ta-bort")


@pytest.fixture(params=DEEDS)
def deed(request, registry):
    """The address of a deed that can be done to clinic A."""
    known(registry, A, registered_at=NOW if "ta-bort" in request.param else None)
    return request.param


def done(browser, deed):
    return browser.post(deed, kod="01", hsa_id=A, follow=False)


def on(registry, event, action):
    """Have the database do something as something else is written."""
    with registry.transaction() as transaction:
        trigger = f"CREATE TRIGGER staged AFTER {event} BEGIN {action}; END"
        transaction.connection.execute(text(trigger))
        transaction.commit()


def test_a_result_that_cannot_be_kept_undoes_the_deed(anna, registry, deed):
    before = registered(registry)
    on(registry, "UPDATE OF kept ON web_session", "SELECT RAISE(ABORT, 'staged')")
    assert done(anna, deed).status_code == 500
    assert registered(registry) == before


def test_a_session_that_ended_meanwhile_stops_no_deed(anna, registry, deed):
    before = registered(registry)
    on(registry, "UPDATE OF registered_at ON clinic", "DELETE FROM web_session")
    assert done(anna, deed).status_code == 303
    assert registered(registry) == before ^ {A}
    with registry.snapshot() as connection:
        assert connection.execute(select(web_session)).all() == []
