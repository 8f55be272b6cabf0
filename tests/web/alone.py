"""A browser and sites for a program that is no test."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sync_worker.registry import schema
from sync_worker.registry.dialect import open_engine
from tests.services import chromium
from tests.web import registry_file
from tests.web.sites import Sites
from tests.web.tab import Tab


@contextmanager
def browsing() -> Iterator[tuple[Tab, Sites]]:
    """A tab, and the sites that it can visit, each with a registry of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "filled.db"
        engine = open_engine(f"sqlite:///{path}", create=True)
        schema.upgrade(engine)
        engine.dispose()
        registry_file.fill(path)
        sites, tab = Sites(Path(folder), path), Tab(chromium.start())
        try:
            yield tab, sites
        finally:
            tab.driver.quit()
            sites.stop()
