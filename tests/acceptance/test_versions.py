"""The version of what is built follows from Git's tags; without them it is built all the same."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE", ".gitignore")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What a wheel is built from, without the history of this project."""
    folder = tmp_path / "project"
    package = folder / "src" / "sync_worker"
    package.mkdir(parents=True)
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, folder)
    shutil.copy(ROOT / "src" / "sync_worker" / "__init__.py", package)
    return folder


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def committed(folder: Path, tag: str = "") -> None:
    git(folder, "init")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "Begin")
    if tag:
        git(folder, "tag", tag)


def hatchling(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "hatchling", *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_tag_is_the_version_and_sources_keep_it(project, tmp_path):
    committed(project, "v7.8.9")
    assert hatchling(project, "version") == "7.8.9"
    hatchling(project, "build", "-t", "sdist", "-d", str(tmp_path))
    shutil.unpack_archive(tmp_path / "sync_worker-7.8.9.tar.gz", tmp_path)
    assert hatchling(tmp_path / "sync_worker-7.8.9", "version") == "7.8.9"


def test_what_follows_a_tag_leads_to_the_next(project):
    committed(project, "v7.8.9")
    (project / "README.md").write_text("more")
    git(project, "commit", "-am", "Go further")
    assert hatchling(project, "version").startswith("7.8.10.dev1+g")


def test_a_shallow_clone_without_tags_is_built(project, tmp_path):
    committed(project, "v7.8.9")
    git(tmp_path, "clone", "--depth=1", "--no-tags", project.as_uri(), "clone")
    assert ".dev" in hatchling(tmp_path / "clone", "version")
