"""What somebody may try on the page: odd requests, foreign addresses, names that are code."""

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text, update
from starlette.testclient import TestClient
from tests.worlds import page
from tests.worlds.page import BASE_URL, Document
from tests.worlds.plans import A, known, registered
from tests.worlds.registry import NOW

from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.tables import clinic
from sync_worker.web import app
from sync_worker.web.access import Access
from sync_worker.web.pages import PAGES
from sync_worker.web.routing import Page

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"
ADD = "/mottagning/lagg-till"
FOREIGN = [
    *("//evil.example", "/\\evil.example", "/%2f%2fevil.example", "/%5cevil.example"),
    *("https://evil.example/region", "/region//evil.example", "/region/..//evil.example"),
    *("javascript:alert(1)", "/\t/evil.example", "/nowhere", "/logga-ut", "\r\nX: y", ""),
]
ONLY_LOOKED_AT = [each.path for each in PAGES if each.get and each.path != "/logga-in/klar"]
NAMES = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "</title></h1></bdi>",
    "javascript:alert(1)",
    "\u202ektsilkrem\u2066",
    "\x1b]0;x\x07\r\nSet-Cookie: a=b",
    "&lt;b&gt;&amp;",
    "{name}{hsa_id}{0}",
    " \u00a0\u200b ",
]


@pytest.mark.parametrize("back", FOREIGN)
def test_having_more_time_leads_to_no_other_place(anna, back):
    answer = anna.post("/langre-tid", tillbaka=back, follow=False)
    assert answer.headers["location"] == "/"


def test_having_more_time_leads_back(anna):
    back = "/region?kod=01&sok=%C3%A5&sida=2"
    answer = anna.post("/langre-tid", tillbaka=back, follow=False)
    assert answer.headers["location"] == back


@pytest.mark.parametrize("target", FOREIGN)
def test_signing_in_leads_to_no_other_place(browser, target):
    answer = browser.post("/logga-in/klar", person="anna", next=target, follow=False)
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("target", FOREIGN)
def test_a_link_to_sign_in_carries_no_foreign_target(browser, target):
    shown = browser.page("/logga-in", vidare=target)
    assert shown.one("input", name="next").get("value") == "/"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%", FORM),
        (b"=&=&&;;", FORM),
        (b"kod=01&hsa-id=%ff%fe%00", FORM),
        (b"kod=01&hsa-id=SE\0", FORM),
        (b"kod=01&anledning=%00&hsa-id=" + A.encode(), FORM),
        (b"\xff\xfe\x00" * 100, FORM),
        (b"&".join(b"a%d=1" % number for number in range(2_000)), FORM),
        (b"{}", "application/json"),
        (b"kod=01&hsa-id=" + A.encode(), "text/plain"),
        (b"kod=01&hsa-id=" + A.encode(), "application/x-www-form-urlencoded-not"),
        (b"", "multipart/form-data"),
        (b"garbage", PARTS),
        (
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n",
            PARTS,
        ),
        (b"--x\r\n\r\nno header\r\n--x--", PARTS),
        (
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n1\r\n--x--\r\n',
            PARTS,
        ),
    ],
)
def test_a_form_that_is_none_does_nothing(anna, registry, content, kind):
    known(registry, A)
    headers = {**page.FROM_HERE, "Content-Type": kind}
    answer = anna.client.post(ADD, content=content, headers=headers)
    assert answer.status_code in {400, 403, 404, 413, 422}
    assert Document(answer.text).heading
    assert registered(registry) == set()


@given(content=st.binary(max_size=300), kind=st.sampled_from([FORM, PARTS]))
def test_any_bytes_as_a_form_are_answered(upgraded, content, kind):
    registry = Registry(open_engine(f"sqlite:///{upgraded}"))
    headers = {**page.FROM_HERE, "Content-Type": kind}
    with closing(registry), page.Browser(page.site(registry)).client as client:
        answer = client.post("/logga-in/klar", content=content, headers=headers)
    assert answer.status_code in {400, 403}
    assert Document(answer.text).heading


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_another_method_gets_a_page(anna, method):
    answer = anna.client.request(method, "/region?kod=01", headers=page.FROM_HERE)
    assert answer.status_code == 405
    assert Document(answer.text).heading == "Det går inte att göra så"
    assert answer.headers["allow"]


@pytest.mark.parametrize("path", ONLY_LOOKED_AT)
def test_head_is_answered_as_get_is(anna, path):
    statuses = [anna.client.request(method, path).status_code for method in ("GET", "HEAD")]
    assert statuses[0] == statuses[1]


def test_looking_with_head_takes_no_result(anna, registry):
    known(registry, A)
    anna.post(ADD, kod="01", hsa_id=A, follow=False)
    anna.client.head("/region?kod=01")
    assert anna.page("/region", kod="01").one("div", role="status")


@pytest.mark.parametrize("path", ["/x/../y", "/region/", "/.env", "/static/x", "/%00", "/région"])
def test_what_is_not_there_gets_a_page(anna, path):
    answer = anna.client.get(path)
    assert answer.status_code == 404
    assert Document(answer.text).heading == "Sidan finns inte"


@pytest.mark.parametrize(
    "query",
    [
        *(
            "kod=01&sok=%00",
            "kod=%00",
            "kod=01&sida=-1",
            "kod=01&sida=%C2%B2",
            "kod=01&sida=99999",
        ),
        *("kod=01&status=x", "kod=01&visa=alla&sida=2", "kod=01&kod=03", "%", "&&&=", "kod[]=01"),
        *("kod=01&sok=%25_%5C'%22;--", "kod=01&sok=" + "a" * 5_000, "kod=01&sprak=klingon"),
    ],
)
def test_an_odd_query_is_no_fault_of_ours(anna, query):
    assert anna.client.get(f"/region?{query}").status_code in {200, 400, 403, 404}


@pytest.mark.parametrize(
    "headers",
    [
        [("Accept-Language", "x" * 5_000)],
        [("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "ftp")],
        [("Content-Length", "-1")],
        [("X-HTTP-Method-Override", "DELETE")],
        [("Referer", "http://evil.example/"), ("Referer", b"\xff")],
        [("Range", "bytes=0-1"), ("If-None-Match", "*")],
    ],
)
def test_odd_headers_change_nothing(anna, headers):
    answer = anna.client.get("/region?kod=01", headers=headers)
    assert answer.status_code == 200
    assert "evil" not in answer.text


@pytest.mark.parametrize("name", NAMES)
def test_a_clinics_name_is_text_and_nothing_else(anna, registry, name):
    known(registry, A, registered_at=NOW, name=name)
    plain = anna.page("/region", kod="01")
    with registry.transaction() as transaction:
        transaction.connection.execute(update(clinic).values(name="Exempelkliniken"))
        transaction.commit()
    harmless = anna.page("/region", kod="01")
    assert [each.tag for each in plain.elements] == [each.tag for each in harmless.elements]
    for path in ("/region?kod=01", f"/mottagning/ta-bort?hsa-id={A}"):
        assert not {"\u202e", "\x1b", "\x07"} & set(anna.client.get(path).text)


def test_no_page_is_framed_kept_or_run(anna):
    policy = anna.get("/region", kod="01").headers["content-security-policy"]
    directives = dict(each.strip().partition(" ")[::2] for each in policy.split(";"))
    assert directives == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }


def test_a_clinic_that_moves_away_meanwhile_is_not_touched(anna, registry):
    known(registry, A)
    assert anna.page("/region", kod="01")
    with registry.transaction() as transaction:
        transaction.connection.execute(update(clinic).values(region_code="03"))
        transaction.commit()
    assert anna.post(ADD, kod="01", hsa_id=A).status_code == 422
    assert registered(registry) == set()


def test_a_fault_in_a_statement_is_logged_without_its_values(registry):
    def wrong(visit):
        with visit.site.registry.snapshot() as connection:
            connection.execute(text("SELECT :value FROM nowhere"), {"value": A})

    log = page.Log()
    site = page.site(registry, log=log.logger)
    client = TestClient(app.build(site, [Page("/fel", Access.ALL, get=wrong)]), base_url=BASE_URL)
    answer = client.get("/fel")
    assert answer.status_code == 500
    assert "nowhere" not in answer.text
    assert log[0]["event"] == "request_failed"
    assert A not in str(log)
    assert "nowhere" not in str(log)
