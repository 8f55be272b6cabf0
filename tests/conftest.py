"""Fixtures that all tests share; what needs a real service is marked `real`, a browser `web`.

The faults of the whole worker take minutes and break their services: they are marked `faults`. What
goes on for longer than any other test wants to wait is marked `endurance`.
Property tests try more examples where HYPOTHESIS_PROFILE is `ci`.
"""

import os
import time
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tests.services.plugin", "tests.services.passwords", "tests.harness.plugin"]

settings.register_profile("quick", max_examples=25, deadline=None)
settings.register_profile("ci", max_examples=100, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

FAULTS = Path(__file__).parent / "real" / "worker"
ENDURANCE = Path(__file__).parent / "endurance"
WEB = Path(__file__).parent / "web"
SERVICES = {
    "broker",
    "brokers",
    "postgres",
    "database_url",
    "breakable_broker",
    "breakable_postgres",
}


def pytest_collection_modifyitems(items):
    for item in items:
        if FAULTS in item.path.parents:
            item.add_marker(pytest.mark.faults)
        if ENDURANCE in item.path.parents:
            item.add_marker(pytest.mark.endurance)
            item.add_marker(pytest.mark.real)
        if WEB in item.path.parents:
            item.add_marker(pytest.mark.web)
        if SERVICES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Skip what is due to begin after TEST_SYNC_WORKER_UNTIL, in seconds since 1970."""
    until = os.environ.get("TEST_SYNC_WORKER_UNTIL")
    if until is not None and time.time() > float(until):
        pytest.skip("no time is left: this machine is slow")
