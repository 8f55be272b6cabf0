"""The registry under test: the same suite for every database that there is."""

from datetime import UTC, datetime

import pytest

from sync_worker.registry import schema
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.unit import Registry

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'registry.db'}", create=True)
    schema.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def registry(engine):
    registry = Registry(engine)
    yield registry
    registry.close()
