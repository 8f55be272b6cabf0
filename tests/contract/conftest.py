"""The registry under test: the same suite for every database that there is."""

import shutil

import pytest
from tests.worlds.registry import name_tables_alone, refuse

from sync_worker.registry import schema
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def registry_url(request, tmp_path):
    """The address of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'registry.db'}"
    return request.getfixturevalue("database_url")


@pytest.fixture
def engine(registry_url, upgraded):
    is_file = registry_url.startswith("sqlite")
    if is_file:
        shutil.copy(upgraded, registry_url.removeprefix("sqlite:///"))
    engine = open_engine(registry_url)
    name_tables_alone(engine)
    if not is_file:
        schema.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def registry(engine):
    registry = Registry(engine)
    yield registry
    registry.close()


@pytest.fixture
def refusing(engine):
    """A database that refuses to store an activation by an event with the id "refused"."""
    refuse(engine, "activation_event_id")
