"""A browser and the sites that it visits, for the whole run."""

import shutil

import pytest

from tests.services import finding, npm
from tests.web import registry_file
from tests.web.sites import Sites
from tests.web.tab import Tab
from tests.web.validator import Validator


@pytest.fixture(scope="session")
def filled(tmp_path_factory, upgraded):
    """The registry that each site has a copy of."""
    path = tmp_path_factory.mktemp("filled") / "filled.db"
    shutil.copy(upgraded, path)
    registry_file.fill(path)
    return path


@pytest.fixture(scope="session")
def sites(tmp_path_factory, filled):
    """The sites, each with a registry of its own."""
    made = Sites(tmp_path_factory.mktemp("sites"), filled)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def tab():
    """The tab of one browser for the whole run."""
    driver = finding.browser()
    yield Tab(driver)
    driver.quit()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script that finds what keeps people with disabilities from using a page."""
    return (finding.npm_package(npm.AXE) / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def validator(tmp_path_factory):
    """The validator of HTML and CSS."""
    jar = finding.npm_package(npm.VNU) / "build" / "dist" / "vnu.jar"
    made = Validator(finding.java(), jar, tmp_path_factory.mktemp("validator"))
    yield made
    made.stop()
