"""Say whether the commit that is checked out, and tagged, can be a release: `make release-check`.

What tests hold of every commit is not looked at again. Exits with 3 where something is not so.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_SCHEMA = "src/sync_worker/registry/schema.py"


def main() -> None:
    """Print what is not as it must be of a release."""
    folder = Path(__file__).parents[1]
    version = _output(folder, sys.executable, "-m", "hatchling", "version")
    found = list(faults(folder, version))
    for fault in found:
        print(fault, file=sys.stderr)  # noqa: T201 - it is what this program is for
    if found:
        sys.exit(3)
    print(f"{version} can be released.")  # noqa: T201


def faults(folder: Path, version: str) -> Iterator[str]:
    """What is not as it must be, each in a sentence; `version` is what Git's tags give."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        yield f"The version is {version}: commit everything, and tag the commit."
        return
    newest = re.search(r"^## (.*)$", (folder / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    if newest is None or not re.fullmatch(rf"{re.escape(version)}, \d{{4}}-\d\d-\d\d", newest[1]):
        yield f"CHANGELOG.md does not begin with {version} and a date."
    tags = _output(folder, "git", "tag", "--merged", "HEAD^", "--sort=-v:refname", "v*")
    if tags:
        yield from _stopped(folder, before=tags.split()[0])


def _stopped(folder: Path, before: str) -> Iterator[str]:
    """That programs of the release before do not run beside this one's schema."""
    theirs = _constant("HEAD", _output(folder, "git", "show", f"{before}:{_SCHEMA}"))
    oldest = _constant("COMPATIBLE_FROM", (folder / _SCHEMA).read_text("utf-8"))
    if theirs < oldest:
        yield (
            f"Workers of {before}, for revision {theirs}, do not run beside this schema, only those"
            f" for {oldest} and later: move the contracting migration to the next release."
        )


def _constant(name: str, source: str) -> str:
    found = re.search(rf'^{name} = "(\d+)"$', source, re.MULTILINE)
    if found is None:
        sys.exit(f"{_SCHEMA} has no {name}.")
    return found[1]


def _output(folder: Path, *command: str) -> str:
    done = subprocess.run(  # noqa: S603 - all of it is written here, but for a tag
        command, cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    main()
