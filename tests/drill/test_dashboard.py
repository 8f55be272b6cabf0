"""The queries of the dashboard, asked of the drill's Prometheus once the incidents are over."""

import json
import math
from pathlib import Path

import pytest

pytestmark = [pytest.mark.real, pytest.mark.drill, pytest.mark.brief, pytest.mark.last]

FILE = Path(__file__).parents[2] / "deploy" / "observability" / "dashboard.json"
QUERIES = [
    pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")
    for panel in json.loads(FILE.read_text())["panels"]
    for target in panel.get("targets", ())
]
VARIABLES = {"$instance": ".*", "$__rate_interval": "10s"}
"""What Grafana puts in for each: all workers, and some intervals of scraping."""


@pytest.mark.parametrize("query", QUERIES)
def test_each_query_of_the_dashboard_shows_something(prometheus, query):
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    assert "$" not in query
    values = [float(value) for series in prometheus.past(query) for _, value in series["values"]]
    assert any(math.isfinite(value) for value in values)
