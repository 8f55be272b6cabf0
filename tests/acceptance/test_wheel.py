"""What is installed: the wheel with and without its extra, beside nothing but what it asks for."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from tests.harness.command import Done, Installed, without_settings
from tests.harness.page_process import PageProcess

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "src" / "sync_worker" / "web"
SHOWN = sorted(
    path.relative_to(ROOT / "src").as_posix()
    for folder in ("templates", "static")
    for path in (PAGE / folder).rglob("*")
    if path.is_file()
)
STYLE = "sync_worker/web/static/style.css"


class Environment(NamedTuple):
    """A virtual environment, and an SQLite registry beside it."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        [found] = self.folder.glob("lib/python*/site-packages")
        return found

    @property
    def settings(self) -> dict[str, str]:
        url = f"sqlite:///{self.folder}/registry.db"
        return without_settings(os.environ) | {"SYNC_WORKER_DATABASE_URL": url, "LC_ALL": "C"}

    def __call__(self, *arguments: str) -> Done:
        done = subprocess.run(
            [self.python, "-m", "sync_worker", *arguments],
            cwd=self.folder,
            env=self.settings,
            capture_output=True,
            text=True,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


def needed(name: str, extra: str = "") -> dict[str, Distribution]:
    """The distributions that one asks for, and those that they ask for."""
    found: dict[str, Distribution] = {}
    waiting = [(name, frozenset({extra}))]
    while waiting:
        asking, extras = waiting.pop()
        for requirement in map(Requirement, distribution(asking).requires or []):
            environments = ({"extra": each} for each in (*extras, ""))
            marker = requirement.marker
            is_asked = marker is None or any(marker.evaluate(each) for each in environments)
            if is_asked and requirement.name not in found:
                found[requirement.name] = distribution(requirement.name)
                waiting.append((requirement.name, frozenset(requirement.extras)))
    return found


def environment(folder: Path, wheel: Path, extra: str = "") -> Environment:
    """The wheel in an environment of its own, where what it needs is linked to."""
    venv.create(folder, with_pip=False, symlinks=True)
    made = Environment(folder)
    zipfile.ZipFile(wheel).extractall(made.packages)
    for needs in needed("sync-worker", extra).values():
        tops = {file.parts[0] for file in needs.files or () if ".." not in file.parts}
        for top in tops - {"__pycache__"}:
            link = made.packages / top
            if not link.exists():
                link.symlink_to(Path(str(needs.locate_file(top))))
    return made


@pytest.fixture(scope="module")
def plain(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    [wheel] = built.glob("*.whl")
    return environment(tmp_path_factory.mktemp("plain"), wheel)


def test_wheel_and_sources_carry_all_that_the_page_shows(built):
    assert STYLE in SHOWN
    [wheel], [sources] = built.glob("*.whl"), built.glob("*.tar.gz")
    assert set(SHOWN) <= set(zipfile.ZipFile(wheel).namelist())
    with tarfile.open(sources) as archive:
        inside = {name.partition("/src/")[2] for name in archive.getnames()}
    assert set(SHOWN) <= inside


def test_without_the_extra_the_page_says_what_to_install(plain):
    told = plain("web")
    assert (told.exit_code, told.stdout) == (2, "")
    assert "The administrators' page is not installed." in told.stderr
    assert "pip install 'sync-worker[web]'" in told.stderr
    assert "starlette, uvicorn, jinja2" in told.stderr


def test_without_the_extra_all_else_works(plain):
    assert plain("web", "--help").exit_code == 0
    assert plain("db", "upgrade").exit_code == 0
    for command in (["status"], ["clinics", "list"], ["doctor"], ["config", "show"]):
        assert plain(*command).exit_code == 0, command


def test_with_the_extra_the_page_is_served(built, tmp_path):
    [wheel] = built.glob("*.whl")
    made = environment(tmp_path / "with-extra", wheel, "web")
    assert made("db", "upgrade").exit_code == 0
    installed = Installed(tmp_path)
    installed.environment |= made.settings
    page = PageProcess(installed, command=[str(made.python), "-m", "sync_worker"])
    try:
        shown = page.wait().get("/logga-in")
        assert shown.status == 200
        style = shown.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
        assert page.get(style).headers["content-type"].startswith("text/css")
    finally:
        page.kill()
