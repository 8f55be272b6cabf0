"""The drill has an incident for each alert: it waits until it fires, and until it clears."""

import ast
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
RULES = yaml.safe_load((ROOT / "deploy" / "observability" / "alerts.yml").read_text())
ALERTS = {rule["alert"] for group in RULES["groups"] for rule in group["rules"]}


def calls(function):
    """What is called in a function with a text as its only argument, in the order written."""
    found = []
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(attr=name), args=[ast.Constant(value=str(text))]):
                found.append((node.lineno, name, text))
    return [call[1:] for call in sorted(found)]


def seen_to_fire_and_clear(module):
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
            made = calls(function)
            for position, (what, alert) in enumerate(made):
                if what == "hears" and ("hears_no_more", alert) in made[position:]:
                    yield alert


SEEN = {
    alert
    for path in (ROOT / "tests" / "drill").glob("test_*.py")
    for alert in seen_to_fire_and_clear(ast.parse(path.read_text()))
}


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_the_drill_sees_each_alert_fire_and_clear(alert):
    assert alert in SEEN


def test_the_drill_waits_for_no_alert_that_is_none():
    assert SEEN <= ALERTS
