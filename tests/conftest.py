"""Fixtures that all tests share; what needs a real service is marked `real`.

The faults of the whole worker take minutes and break their services: they are marked `faults`.
Property tests try more examples where HYPOTHESIS_PROFILE is `ci`.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tests.services.plugin", "tests.harness.plugin"]

settings.register_profile("quick", max_examples=25, deadline=None)
settings.register_profile("ci", max_examples=100, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

FAULTS = Path(__file__).parent / "real" / "worker"
SERVICES = {"broker", "postgres", "database_url", "breakable_broker", "breakable_postgres"}


def pytest_collection_modifyitems(items):
    for item in items:
        if FAULTS in item.path.parents:
            item.add_marker(pytest.mark.faults)
        if SERVICES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real)
