"""What a form may have, and how much: more is refused by a page, read or not."""

import pytest
from tests.worlds import page
from tests.worlds.page import Document

from sync_worker.administration.messages.page.common import BACK_TO_FORM
from sync_worker.web.routing import FORM_BYTES

URLENCODED = "application/x-www-form-urlencoded"
AS_MUCH_AS_MAY_BE = b"&".join([b"kod=00", *[b"anledning=" + b"0" * 9_990] * 7])[:FORM_BYTES]
TOO_MUCH = AS_MUCH_AS_MAY_BE + b"0"


def in_pieces():
    """A body whose size is not stated before it."""
    yield from (TOO_MUCH[start : start + 1_000] for start in range(0, len(TOO_MUCH), 1_000))


@pytest.mark.parametrize("content", [TOO_MUCH, in_pieces()], ids=["stated", "in pieces"])
def test_a_form_that_is_too_large_gets_a_page(anna, content):
    headers = {**page.FROM_HERE, "Content-Type": URLENCODED}
    answer = anna.client.post("/mottagning/lagg-till", content=content, headers=headers)
    assert answer.status_code == 413
    assert Document(answer.text).heading == "Det var för mycket på en gång"


REGION = "/region?kod=01&sida=2"


@pytest.mark.parametrize(
    ("referrer", "leads_to"),
    [
        (page.BASE_URL + REGION, REGION),
        ("http://evil.example" + REGION, None),
        (page.BASE_URL + ".evil.example" + REGION, None),
        (page.BASE_URL + "//evil.example/region", None),
        (page.BASE_URL + "/mottagning/lagg-till", None),
        ("", None),
    ],
)
def test_what_is_too_large_leads_back_to_its_form(anna, referrer, leads_to):
    headers = {**page.FROM_HERE, "Content-Type": URLENCODED, "Referer": referrer}
    answer = anna.client.post("/mottagning/lagg-till", content=TOO_MUCH, headers=headers)
    back = [a.get("href") for a in Document(answer.text).all("a") if a.text == BACK_TO_FORM.sv]
    assert back == ([leads_to] if leads_to else [])


def test_what_cannot_be_read_leads_back_to_its_form(anna):
    answer = anna.post("/mottagning/lagg-till", kod="01", hsa_id="\x00", tillbaka=REGION)
    assert answer.status_code == 400
    assert BACK_TO_FORM.sv in [a.text for a in Document(answer.text).all("a", href=REGION)]


def test_a_form_as_large_as_may_be_is_read(anna):
    headers = {**page.FROM_HERE, "Content-Type": URLENCODED}
    answer = anna.client.post("/mottagning/lagg-till", content=AS_MUCH_AS_MAY_BE, headers=headers)
    assert answer.status_code == 404  # there is no such region
