"""Compare what is locked with advisories on a disk: a copy of PyPA's database, or of OSV's.

Each advisory is a file in the OSV format (https://ossf.github.io/osv-schema/), as YAML or JSON.
Ends with 1 where something that is locked is affected, and with 2 where there are no advisories.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

_LOCKS = ("requirements.lock", "requirements-dev.lock")
_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", re.MULTILINE)
_ECOSYSTEM = "PyPI"
_FRESH_DAYS = 14

Advisory = Mapping[str, Any]
Pins = Mapping[str, Version]


class Finding(NamedTuple):
    """A version that is locked, and an advisory that is about it."""

    package: str
    version: Version
    advisory: Advisory

    def __str__(self) -> str:
        names = ", ".join([self.advisory["id"], *self.advisory.get("aliases", [])])
        text = self.advisory.get("summary") or self.advisory.get("details", "")
        return f"{self.package} {self.version}: {names}: {text.strip().partition(chr(10))[0][:120]}"


def pins(lock: str) -> dict[str, Version]:
    """The versions of a lock file, by the packages' names."""
    return {canonicalize_name(name): Version(version) for name, version in _PIN.findall(lock)}


def advisories(folder: Path) -> Iterator[Advisory]:
    """Those in force that are about packages for Python."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".json", ".yaml", ".yml"}:
            found = _loaded(path)
            if isinstance(found, dict) and "affected" in found and not found.get("withdrawn"):
                yield found


def _loaded(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    # It is read by the loader in C, which is safe, too.
    return json.loads(text) if path.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)


def findings(known: Sequence[Advisory], locked: Pins) -> list[Finding]:
    """What is locked and affected."""
    return [
        Finding(name, locked[name], advisory)
        for advisory in known
        for name in sorted(_affected(advisory, locked))
    ]


def _affected(advisory: Advisory, locked: Pins) -> set[str]:
    return {
        name
        for affected in advisory["affected"]
        if affected.get("package", {}).get("ecosystem") == _ECOSYSTEM
        and (name := canonicalize_name(affected["package"]["name"])) in locked
        and _is_affected(affected, locked[name])
    }


def _is_affected(affected: Advisory, version: Version) -> bool:
    """By its list of versions, or a range of them: either is enough (OSV, "evaluation")."""
    listed = set(map(_version, affected.get("versions", [])))
    ranges = (one for one in affected.get("ranges", []) if one["type"] == "ECOSYSTEM")
    return version in listed or any(_is_within(one["events"], version) for one in ranges)


def _is_within(events: Sequence[Mapping[str, str]], version: Version) -> bool:
    """The last event that a version has reached says whether it is affected."""
    placed = [
        (_version(text) or Version("0"), kind) for event in events for kind, text in event.items()
    ]
    reached = [
        kind
        for at, kind in sorted(placed)
        if at < version or (at == version and kind != "last_affected")
    ]
    return reached[-1:] == ["introduced"]


def _version(text: str) -> Version | None:
    """None for what is not a version in Python, as some that are long gone."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _newest(known: Sequence[Advisory]) -> datetime:
    """When the newest of them was changed: the copy is at least as old."""
    stated = (each["modified"] for each in known if each.get("modified"))
    moments = (at if isinstance(at, datetime) else datetime.fromisoformat(at) for at in stated)
    return max(at.replace(tzinfo=at.tzinfo or UTC) for at in moments)


def main(arguments: Sequence[str]) -> int:
    """Compare, print, and return the exit code."""
    folder, *locks = map(Path, arguments)
    known = list(advisories(folder))
    if not known:
        sys.stderr.write(f"There is no advisory in {folder}.\n")
        return 2
    newest, now = _newest(known), datetime.now(UTC)
    days = (now - newest).days
    sys.stdout.write(
        f"{len(known)} advisories, the newest of {newest:%Y-%m-%d}, {days} days ago.\n"
    )
    if days > _FRESH_DAYS:
        sys.stdout.write("What has been reported since is not in them: get a newer copy.\n")
    found: list[Finding] = []
    for lock in locks or map(Path, _LOCKS):
        locked = pins(lock.read_text(encoding="utf-8"))
        affected = findings(known, locked)
        sys.stdout.write(f"{lock}: {len(locked)} packages, {len(affected)} findings.\n")
        found += [one for one in affected if str(one) not in map(str, found)]
    sys.stdout.writelines(f"  {one}\n" for one in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
