"""Fixtures that all tests share; what needs a real service is marked `real`."""

import pytest

pytest_plugins = ["tests.services.plugin"]

SERVICES = {"broker", "postgres", "database_url", "breakable_broker", "breakable_postgres"}


def pytest_collection_modifyitems(items):
    for item in items:
        if SERVICES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real)
