"""A browser on a site whose registry is in SQLite."""

import shutil

import pytest
from tests.worlds import page

from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine


@pytest.fixture
def registry(tmp_path, upgraded):
    """An empty registry, in SQLite."""
    path = tmp_path / "registry.db"
    shutil.copy(upgraded, path)
    registry = Registry(open_engine(f"sqlite:///{path}"))
    yield registry
    registry.close()


@pytest.fixture
def site(registry):
    """Its log says nothing of people or clinics, whatever a test asks for."""
    log = page.Log()
    yield page.site(registry, log=log.logger)
    assert page.personal_data(log) == []


@pytest.fixture
def browser(site):
    """Nobody is signed in."""
    browser = page.Browser(site)
    with browser.client:
        yield browser


@pytest.fixture
def anna(browser):
    """The browser of a regional administrator of region 01."""
    return browser.sign_in(page.REGIONAL)
