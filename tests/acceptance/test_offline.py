"""Installing without an index, as docs/releasing.md says: from the lock, from sources, by pipx."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")

pytestmark = pytest.mark.slow


def done(*command: str | Path, **environment: str) -> str:
    """Run a command that must succeed; what it prints."""
    run = subprocess.run(
        [str(word) for word in command],
        env=os.environ | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is carried to a machine without an index; the locks are what an index gives for it."""
    folder = tmp_path_factory.mktemp("wheels")
    options = ("--require-hashes", "--only-binary", ":all:", "--dest", folder)
    done(*PIP, "download", *options, "-r", "requirements.lock")
    done(*PIP, "download", *options, "-r", "requirements-build.lock")
    done(sys.executable, "-m", "hatchling", "build", "-d", folder)
    return folder


def test_the_lock_and_the_sources_install_without_an_index(wheels, tmp_path):
    venv.create(tmp_path, with_pip=True)
    python = tmp_path / "bin" / "python"
    offline = OFFLINE | {"PIP_FIND_LINKS": str(wheels)}
    pip = (python, "-m", "pip", "install", "--quiet", "--no-compile")
    done(*pip, "--require-hashes", "-r", "requirements.lock", **offline)
    [sources] = wheels.glob("sync_worker-*.tar.gz")
    done(*pip, "--no-deps", sources, **offline)
    version = sources.name.removeprefix("sync_worker-").removesuffix(".tar.gz")
    assert done(tmp_path / "bin" / "sync-worker", "--version").split()[-1] == version
    done(tmp_path / "bin" / "sync-worker", "web", "--help")


def test_pipx_installs_the_command_without_an_index(wheels, tmp_path):
    no_newer_pip = {"PIPX_DISABLE_SHARED_LIBS_AUTO_UPGRADE": "1"}
    offline = OFFLINE | no_newer_pip | {"PIP_FIND_LINKS": str(wheels)}
    places = {"PIPX_HOME": str(tmp_path / "home"), "PIPX_BIN_DIR": str(tmp_path / "bin")}
    [wheel] = wheels.glob("sync_worker-*.whl")
    pipx = (sys.executable, "-m", "pipx", "install", "--quiet")
    done(*pipx, f"{wheel}[web]", **offline, **places)
    url = {"SYNC_WORKER_DATABASE_URL": f"sqlite:///{tmp_path}/registry.db"}
    done(tmp_path / "bin" / "sync-worker", "db", "upgrade", **url)
    assert "healthy" in done(tmp_path / "bin" / "sync-worker", "status", **url)
