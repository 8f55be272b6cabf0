"""Alert rules and the dashboard name what there is, and promtool agrees with what they do."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.services import finding

from sync_worker.telemetry.catalogue import CATALOGUE
from sync_worker.telemetry.catalogue.metric import Kind

FOLDER = Path(__file__).parents[3] / "deploy" / "observability"
RULES = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
CASES = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text())
ALERTS = {rule["alert"] for rule in RULES}
EVERY_DAY = ("a steady stream", "a rolling restart", "a quiet week")

EXPRESSIONS = [rule["expr"] for rule in RULES] + [
    target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())
]


def promtool(*arguments):
    command = [finding.promtool(), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def series_of(metric):
    histogram = [f"{metric.name}{suffix}" for suffix in ("_bucket", "_sum", "_count")]
    return histogram if metric.kind in (Kind.HISTOGRAM, Kind.AGES) else [metric.name]


def of_every_day(case):
    return case["name"].startswith(EVERY_DAY)


def checked(case):
    return {check["alertname"] for check in case["alert_rule_test"]}


def test_promtool_finds_the_rules_sound():
    promtool("check", "rules", str(FOLDER / "alerts.yml"))


def test_alerts_fire_and_clear_as_their_cases_say():
    promtool("test", "rules", str(FOLDER / "alerts_test.yml"))


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_each_alert_has_a_case_that_fires_and_clears(alert):
    for case in CASES:
        checks = [check for check in case["alert_rule_test"] if check["alertname"] == alert]
        fires = [bool(check.get("exp_alerts")) for check in checks]
        if True in fires and fires[0] is False and fires[-1] is False:
            return
    pytest.fail("no case in which it is silent, fires, and is silent again")


def test_what_happens_every_day_is_checked_for_every_alert():
    cases = [case for case in CASES if of_every_day(case)]
    assert len(cases) == len(EVERY_DAY)
    for case in cases:
        assert checked(case) == ALERTS
        assert not any(check.get("exp_alerts") for check in case["alert_rule_test"])


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions_name_metrics_and_labels_of_the_catalogue(expression):
    labels = {name: set(metric.labels) for metric in CATALOGUE for name in series_of(metric)}
    for name, selector in re.findall(r"\b(sync_worker_\w+)(?:\{([^}]*)\})?", expression):
        assert name in labels
        used = set(re.findall(r"(\w+)\s*=~?", selector)) - {"instance", "job", "le"}
        assert used <= labels[name]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_leads_to_a_chapter_of_the_run_book(rule):
    document, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    headings = re.findall(r"^#+ (.*)$", (FOLDER.parents[1] / document).read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert anchor in anchors


def test_the_severity_says_whether_somebody_is_woken():
    assert {rule["labels"]["severity"] for rule in RULES} == {"page", "ticket"}
