"""A fault of ours: the person is told a reference, and the log has where it happened."""

import re

from starlette.testclient import TestClient
from tests.worlds import page
from tests.worlds.page import BASE_URL, Document

from sync_worker.web import app
from sync_worker.web.access import Access
from sync_worker.web.routing import Page


def fail(visit):
    raise ZeroDivisionError("SE2321000016-TA01 is nobody's business")


def test_a_fault_of_ours_is_told_by_its_reference(registry):
    log = page.Log()
    site = page.site(registry, log=log.logger)
    client = TestClient(app.build(site, [Page("/fel", Access.ALL, get=fail)]), base_url=BASE_URL)
    answer = client.get("/fel")
    assert answer.status_code == 500
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    shown = Document(answer.text)
    [reference] = re.findall(r"[0-9A-F]{4}-[0-9A-F]{4}", shown.main)
    failed, request = log
    assert failed["event"] == "request_failed"
    assert failed["request_id"] == request["request_id"] == reference
    assert failed["error"] == "ZeroDivisionError"
    assert failed["places"][-1].endswith("fail")
    assert "TA01" not in str(log)
