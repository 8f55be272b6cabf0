"""Ids and filters that no database has: each is answered, whatever the database says of them."""

import pytest
from tests.worlds import page
from tests.worlds.plans import A, known
from tests.worlds.registry import NOW

ODD_IDS = ("..", ".", "A/B", "X" * 64, "SE\u202e12", "<SCRIPT>", "Å?&=#%", "'; --", "\U0010ffff")
PATHS = ("/mottagning", "/handelser", "/handelser.csv", "/region", "/region.csv")
RAW = ("%00", "A%00B", "%ED%A0%80", "%FF%FE", "%25%27%5C", "9" * 100, "x" * 5000)
NAMES = ("hsa-id", "kod", "av", "vad", "sok", "status", "sida")


@pytest.fixture
def anna(registry):
    browser = page.Browser(page.site(registry))
    with browser.client:
        yield browser.sign_in(page.REGIONAL)


def test_odd_ids_come_through(anna, registry):
    known(registry, *ODD_IDS, name=None, registered_at=NOW)
    for hsa_id in ODD_IDS:
        assert anna.page("/mottagning", hsa_id=hsa_id).heading
    assert len(anna.page("/region", kod="01").rows) == len(ODD_IDS)
    assert anna.get("/region.csv", kod="01").text.count("\r\n") == len(ODD_IDS) + 1


@pytest.mark.parametrize("name", NAMES)
def test_no_odd_value_is_a_fault_of_ours(anna, registry, name):
    known(registry, A)
    for path in PATHS:
        query = "" if name == "kod" or path == "/mottagning" else "kod=01&"
        statuses = [anna.client.get(f"{path}?{query}{name}={raw}").status_code for raw in RAW]
        assert set(statuses) <= {200, 400, 404}
