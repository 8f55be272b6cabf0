"""The story on a database that nothing was set for, to compare with."""

import pytest

from sync_worker.cli.main import run
from tests.real.roles.world import settings
from tests.real.sessions import story


@pytest.fixture
def typed(capfd):
    """Calls a command as it is typed after `sync-worker`, for JSON."""

    def call(*arguments):
        capfd.readouterr()
        exit_code = run([*arguments, "-o", "json"])
        captured = capfd.readouterr()
        return exit_code, captured.out or captured.err

    return call


@pytest.fixture
def tell(typed, tmp_path, monkeypatch):
    """Tells the story on the database at an address."""

    def tell_it(url):
        settings(monkeypatch, url)
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        return story.told(typed, folder)

    return tell_it
