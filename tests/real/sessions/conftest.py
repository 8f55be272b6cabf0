"""The story on a database that nothing was set for, to compare with."""

import pytest

from tests.harness.command import CommandLine
from tests.real.roles.world import settings
from tests.real.sessions import story


@pytest.fixture
def sync_worker(capfd):
    """Calls a command as it is typed after `sync-worker`, for JSON."""
    call_it = CommandLine(capfd)

    def call(*arguments):
        done = call_it(*arguments, "-o", "json")
        return done.exit_code, done.stdout or done.stderr

    return call


@pytest.fixture
def tell(sync_worker, tmp_path, monkeypatch):
    """Tells the story on the database at an address."""

    def tell_it(url):
        settings(monkeypatch, url)
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        return story.told(sync_worker, folder)

    return tell_it
