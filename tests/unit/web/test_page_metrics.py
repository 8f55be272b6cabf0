"""What the page counts, by labels that are few and name nobody."""

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families as families
from tests.worlds import page
from tests.worlds.plans import A, known

from sync_worker.telemetry.catalogue import of_page
from sync_worker.web.sign_in import problems


@pytest.fixture
def count(site):
    def counted(name, **labels):
        value = site.metrics.registry.get_sample_value(f"sync_worker_page_{name}", labels)
        return value or 0

    return counted


def test_requests_are_counted_by_route_and_class_of_status(anna, count):
    anna.get("/region", kod="01", sok="hemligt")
    anna.get("/region", kod="12")
    anna.get("/nowhere/at/all")
    anna.client.request("PUT", "/region")
    assert count("requests_total", route="/region", method="get", status="2xx") == 1
    assert count("requests_total", route="/region", method="get", status="4xx") == 1
    assert count("requests_total", route="other", method="get", status="4xx") == 1
    assert count("request_seconds_count", route="/region") >= 2


def test_deeds_and_refusals_are_counted(anna, registry, count):
    known(registry, A)
    for _ in range(2):
        anna.post("/mottagning/lagg-till", kod="01", hsa_id=A)
    anna.post("/mottagning/lagg-till", kod="01", hsa_id="SE2321000016-OKAND")
    anna.post("/mottagning/ta-bort", hsa_id=A)
    by_outcome = {
        outcome: count("deeds_total", kind="one", outcome=outcome)
        for outcome in ("added", "already_registered", "refused", "removed")
    }
    assert by_outcome == {"added": 1, "already_registered": 1, "refused": 1, "removed": 1}
    assert count("refusals_total", reason="unknown_clinic") == 1


def test_sign_ins_are_counted_by_result(browser, count):
    browser.sign_in(page.REGIONAL)
    browser.sign_in(page.NOBODY)
    assert count("sign_ins_total", result="signed_in") == 1
    assert count("sign_ins_total", result="without_rights") == 1


def test_each_problem_of_signing_in_is_a_result():
    codes = {each.code for each in vars(problems).values() if isinstance(each, problems.Problem)}
    results = set(of_page.SIGN_INS.labels["result"])
    assert results == codes | {"signed_in", "without_rights"}


def test_no_label_names_a_person_or_a_clinic(anna, site, registry):
    known(registry, A)
    anna.post("/mottagning/lagg-till", kod="01", hsa_id=A)
    anna.get("/mottagning", hsa_id=A)
    served = generate_latest(site.metrics.registry).decode()
    labels = {
        value for family in families(served) for each in family.samples
        for value in each.labels.values()
    }  # fmt: skip
    assert not [value for value in labels if "SE23" in value or "?" in value]
