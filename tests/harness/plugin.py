"""Fixtures: a registry whose schema is this version's, migrated once for all tests."""

from pathlib import Path

import pytest

from sync_worker.registry import schema
from sync_worker.registry.dialect import open_engine


@pytest.fixture(scope="session")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with an empty registry; to be copied."""
    path = tmp_path_factory.mktemp("upgraded") / "registry.db"
    engine = open_engine(f"sqlite:///{path}", create=True)
    schema.upgrade(engine)
    engine.dispose()
    return path
