"""A request that changes something is taken only from our own pages."""

import pytest
from tests.worlds.page import BASE_URL, Document

FORMS = {"hsa-id": "SE2321000016-TA01", "kod": "01"}


@pytest.mark.parametrize(
    ("headers", "is_taken"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
        ({"Origin": BASE_URL}, True),
        ({}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": ""}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": BASE_URL}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://127.0.0.1:8178"}, False),
        ({"Origin": "http://localhost:8177"}, False),
        ({"Origin": BASE_URL + ".example"}, False),
        ([("Origin", BASE_URL), ("Origin", "http://evil.example")], False),
        ([("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")], False),
    ],
)
def test_a_deed_is_taken_from_our_pages_alone(anna, headers, is_taken):
    answer = anna.client.post("/mottagning/lagg-till", data=FORMS, headers=headers)
    assert answer.status_code == (422 if is_taken else 403)
    if not is_taken:
        assert Document(answer.text).heading == "Inget gjordes"


@pytest.mark.parametrize("path", ["/region?kod=01", "/livez", "/readyz", "/utloggad", "/nowhere"])
def test_pages_are_opened_from_anywhere(anna, path):
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert anna.client.get(path, headers=headers).status_code in {200, 404}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8177", "", "[", "127.0.0.1.evil"])
def test_another_host_is_refused(anna, host):
    answer = anna.client.get("/region?kod=01", headers={"Host": host})
    assert answer.status_code == 400
    assert Document(answer.text).heading == "Fel adress"


def test_probes_name_whatever_address_they_have(anna):
    assert anna.client.get("/readyz", headers={"Host": "10.0.0.7:8177"}).status_code == 200


@pytest.mark.parametrize("path", ["/region?kod=01", "/livez", "/nowhere", "/region?kod=99"])
def test_every_response_has_the_headers_that_protect_it(anna, path):
    headers = anna.client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "script" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "server" not in headers
