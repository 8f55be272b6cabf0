"""A session begins with signing in, ends with signing out or with time, and is nobody else's."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from tests.worlds import page
from tests.worlds.page import Document
from tests.worlds.plans import A, known, registered

from sync_worker.registry.tables import web_session
from sync_worker.web import sessions

HERE = "/region?kod=01"


def cookie(browser):
    return browser.client.cookies[sessions.COOKIE]


def rows(registry):
    with registry.snapshot() as connection:
        return connection.execute(select(web_session)).all()


def replayed(browser, session_id):
    """What somebody else sees who has the id."""
    browser.client.cookies.clear()
    return browser.client.get(HERE, headers={"Cookie": f"{sessions.COOKIE}={session_id}"})


def test_signing_in_gives_another_id_and_ends_the_former(anna, registry):
    former = cookie(anna)
    anna.sign_in(page.REGIONAL)
    assert cookie(anna) != former
    assert len(rows(registry)) == 1
    assert replayed(anna, former).status_code == 401


def test_an_id_that_somebody_chose_is_not_taken_over(browser, registry):
    browser.client.cookies.set(sessions.COOKIE, "chosen-by-another", domain="127.0.0.1")
    browser.client.cookies.clear()
    headers = {**page.FROM_HERE, "Cookie": f"{sessions.COOKIE}=chosen-by-another"}
    answer = browser.client.post(
        "/logga-in/klar", data={"person": "anna"}, headers=headers, follow_redirects=False
    )
    assert "chosen-by-another" not in answer.headers["set-cookie"]
    assert replayed(browser, "chosen-by-another").status_code == 401


def test_the_cookie_is_for_this_host_and_no_script(browser):
    answer = browser.post("/logga-in/klar", person="anna", next="/utloggad", follow=False)
    given, _, attributes = answer.headers["set-cookie"].partition(";")
    assert given.startswith("__Host-session=")
    wanted = {"httponly", "path=/", "samesite=lax", "secure"}
    assert {each.strip().lower() for each in attributes.split(";")} == wanted


def test_ids_cannot_be_guessed_nor_read_in_the_database(browser, registry):
    ids = [cookie(browser.sign_in(page.REGIONAL)) for _ in range(5)]
    assert len(set(ids)) == 5
    assert {len(each) for each in ids} == {43}  # 256 bits in base64
    assert all(each not in str(rows(registry)) for each in ids)


def test_an_id_is_worth_nothing_after_signing_out(anna, registry):
    session_id = cookie(anna)
    answer = anna.post("/logga-ut", follow=False)
    assert answer.headers["clear-site-data"] == '"cache"'
    assert 'session="";' in answer.headers["set-cookie"].replace("__Host-", "")
    assert rows(registry) == []
    assert replayed(anna, session_id).status_code == 401


def test_signing_out_twice_is_no_error(anna):
    assert anna.post("/logga-ut").status_code == 200
    assert anna.post("/logga-ut").status_code == 200


def test_an_idle_session_is_over(anna, site, registry):
    known(registry, A)
    site.now.now += page.IDLE - timedelta(seconds=1)
    assert anna.get(HERE).status_code == 200
    site.now.now += page.IDLE
    answer = anna.post("/mottagning/lagg-till", kod="01", hsa_id=A)
    assert answer.status_code == 401
    assert registered(registry) == set()


def test_a_busy_session_is_over_after_twelve_hours(anna, site):
    for _ in range(23):
        site.now.now += timedelta(minutes=31)
        assert anna.get(HERE).status_code == 200
    site.now.now += timedelta(minutes=10)
    answer = anna.get(HERE)
    assert answer.status_code == 401
    assert "i högst 12 timmar" in Document(answer.text).main


def test_who_asks_for_longer_time_has_it(anna, site):
    shown = Document(anna.post("/langre-tid", tillbaka=HERE).text)
    assert "Du loggas nu ut först" in shown.one("div", role="status").text
    site.now.now += timedelta(hours=9)
    assert anna.get(HERE).status_code == 200


@pytest.mark.parametrize(
    "document",
    [
        *("", "{", "null", "[1]", '{"reader": []}', '[{"role": "reader"}]'),
        '[{"role": "emperor", "regions": null}]',
        '[{"role": "regional_administrator", "regions": null}]',
    ],
)
def test_rights_that_another_version_wrote_are_none(anna, registry, document):
    with registry.transaction() as transaction:
        transaction.connection.execute(update(web_session).values(rights=document))
        transaction.commit()
    assert anna.get(HERE).status_code == 401
    assert anna.get("/utloggad").status_code == 200
    assert anna.sign_in(page.REGIONAL).get(HERE).status_code == 200


@pytest.mark.parametrize("value", ["", "x", "\x7f", "å", "a" * 9_000, '"', "; ;", "a=b"])
def test_a_cookie_that_is_no_id_signs_nobody_in(browser, value):
    headers = {"Cookie": f"{sessions.COOKIE}={value}".encode()}
    assert browser.client.get(HERE, headers=headers).status_code == 401


def test_two_cookies_of_one_name_are_one_session_at_most(anna):
    session_id = cookie(anna)
    anna.client.cookies.clear()
    name = sessions.COOKIE
    headers = {"Cookie": f"{name}={session_id}; {name}=other"}
    assert anna.client.get(HERE, headers=headers).status_code in {200, 401}


@pytest.mark.parametrize("signs_out", [True, False])
def test_a_form_without_a_session_is_said_not_kept(anna, registry, signs_out):
    known(registry, A)
    if signs_out:
        anna.post("/logga-ut")
    else:
        anna.client.cookies.set(sessions.COOKIE, "made-up", domain="127.0.0.1")
    answer = anna.post("/mottagning/lagg-till", kod="01", hsa_id=A)
    assert answer.status_code == 401
    assert "det du skickade finns inte kvar" in Document(answer.text).main
    assert registered(registry) == set()


def test_more_time_leaves_the_page_with_what_is_typed(anna):
    shown = anna.page("/region", kod="01")
    assert shown.one("form", action="/langre-tid").get("target") == "_blank"


def test_who_has_no_rights_is_not_led_in_a_circle(browser):
    refused = browser.sign_in(page.NOBODY).get("/")
    assert refused.status_code == 403
    shown = Document(refused.text)
    assert shown.heading == "Du saknar behörighet"
    assert "Till startsidan" not in shown.main
