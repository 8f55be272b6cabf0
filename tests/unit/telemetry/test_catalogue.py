"""The catalogue of metrics: finite, documented, and what is really served."""

import re
import subprocess
import sys
from itertools import product
from pathlib import Path
from shutil import which

import pytest
from prometheus_client import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families as families

from sync_worker.telemetry.catalogue import CATALOGUE, PAGE_CATALOGUE, of_page
from sync_worker.telemetry.catalogue.metric import PREFIX, Bounded, Kind, Question
from sync_worker.telemetry.metrics import Metrics
from sync_worker.telemetry.page_metrics import PageMetrics

ROOT = Path(__file__).parents[3]
SUFFIXES = {
    Kind.HISTOGRAM: ("_bucket", "_count", "_sum"),
    Kind.AGES: ("_bucket", "_count", "_sum"),
}


ALL = (*CATALOGUE, *of_page.METRICS)
PROCESSES = [(Metrics, CATALOGUE), (PageMetrics, PAGE_CATALOGUE)]


@pytest.fixture
def served():
    return generate_latest(Metrics().registry).decode()


def samples_of(text):
    return [
        sample
        for family in families(text)
        for sample in family.samples
        if not sample.name.startswith("process_")
    ]


def test_the_page_of_metrics_follows_from_the_catalogue():
    made = subprocess.run(
        [sys.executable, ROOT / "tools" / "metrics_page.py"],
        capture_output=True,
        text=True,
        check=True,
    )
    page = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    assert page == made.stdout, "run `make docs-metrics`"


@pytest.mark.parametrize(("metrics", "catalogue"), PROCESSES)
def test_exactly_the_catalogue_is_served_from_the_start(metrics, catalogue):
    served = generate_latest(metrics().registry).decode()
    expected = {
        (metric.name + suffix, tuple(sorted(zip(metric.labels, values, strict=True))))
        for metric in catalogue
        if metric.is_known_at_start
        for suffix in SUFFIXES.get(metric.kind, ("",))
        for values in product(*metric.labels.values())
    }
    found = {
        (sample.name, tuple(sorted((k, v) for k, v in sample.labels.items() if k != "le")))
        for sample in samples_of(served)
    }
    is_info = {metric.name for metric in catalogue if metric.kind is Kind.INFO}
    assert {each for each in found if each[0] not in is_info} == expected
    assert is_info <= {name for name, _ in found}


def test_counters_start_at_0_and_gauges_at_nan(served):
    kinds = {metric.name: metric.kind for metric in CATALOGUE}
    for sample in samples_of(served):
        if kinds.get(sample.name) is Kind.GAUGE:
            assert sample.value != sample.value, sample
        elif kinds.get(sample.name) is not Kind.INFO:
            assert sample.value == 0, sample


def test_names_and_units_are_as_prometheus_has_them():
    names = [metric.name for metric in ALL]
    assert len(set(names)) == len(names)
    for metric in ALL:
        assert re.fullmatch(rf"{PREFIX}[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
        assert metric.name.endswith("_seconds") <= (metric.unit == "seconds")
        assert bool(metric.buckets) == (metric.kind in SUFFIXES)
        assert metric.buckets == tuple(sorted(set(metric.buckets)))


def test_each_question_of_an_outage_is_answered_by_a_metric():
    assert {question for metric in CATALOGUE for question in metric.answers} == set(Question)


def test_each_example_asks_for_its_metric():
    known = {metric.name + suffix for metric in ALL for suffix in SUFFIXES.get(metric.kind, ("",))}
    for metric in ALL:
        named = set(re.findall(rf"{PREFIX}\w+", metric.query))
        assert named <= known
        assert any(name.startswith(metric.name) for name in named)


def test_listed_label_values_are_words_and_few():
    for metric in ALL:
        for values in metric.labels.values():
            if not isinstance(values, Bounded):
                assert all(re.fullmatch(r"[a-z0-9_.-]+", value) for value in values)
                assert 2 <= len(values) <= 20


def test_openmetrics_is_read_by_the_parser_of_the_library():
    text = generate_openmetrics(Metrics().registry).decode()
    read = {family.name: family for family in open_families(text)}
    for metric in CATALOGUE:
        family = read[metric.name.removesuffix("_total").removesuffix("_info")]
        assert family.documentation == metric.help


@pytest.mark.skipif(which("promtool") is None, reason="there is no promtool here")
@pytest.mark.parametrize("metrics", [Metrics, PageMetrics])
def test_promtool_finds_nothing_to_say(metrics):
    served = generate_latest(metrics().registry).decode()
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=served, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@pytest.mark.skipif(which("promtool") is None, reason="there is no promtool here")
def test_promtool_understands_each_example(tmp_path):
    rules = [
        f"  - record: checked:{number}\n    expr: |-\n      {metric.query}\n"
        for number, metric in enumerate(ALL)
    ]
    file = tmp_path / "examples.yml"
    file.write_text("groups:\n- name: examples\n  rules:\n" + "".join(rules))
    checked = subprocess.run(
        ["promtool", "check", "rules", file], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
