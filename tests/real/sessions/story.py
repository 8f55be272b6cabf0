"""Commands of everybody, one after the other, on an empty database, and what they say."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.builders import activated, deactivated, numbered, region_changed, write_archive

A, B, C, D = (f"SE2321000016-T{letter}01" for letter in "ABCD")
BOARD = "SE2321000016-PN01"
NAME = "Kliniken – “Öst” NULL"
"""Characters that Latin-1 lacks, and a word that an array literal may take for none."""

Run = Callable[..., tuple[int, str]]
"""Runs a command; its exit code and what it printed."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def told(run: Run, folder: Path) -> list[Any]:
    """Exit code and document of each command, its moments left out."""
    return [_comparable(*run(*line)) for line in _lines(folder)]


def archive(folder: Path) -> Path:
    return write_archive(
        folder / "stream.jsonl",
        numbered(
            [
                activated(A, 0, regionCode="01", name=NAME),
                activated(B, 1, regionCode="01", name="C:\\klinik 'ett' \\134"),
                activated(C, 2, regionCode="03", name="NULL"),
                activated(D, 3, regionCode="01"),
                deactivated(D, 4),
                region_changed(B, 5, "03", name="Åmottagningen"),
                b"\xff",
                activated(A, 99, regionCode="99"),
            ]
        ),
    )


def _lines(folder: Path) -> Iterator[tuple[str, ...]]:
    stream = str(archive(folder))
    listed = folder / "list.csv"
    listed.write_text(f"hsa_id\n{B}\n{C}\n{D}\nwrong\n", encoding="utf-8")
    tak = folder / "tak.csv"
    tak.write_text(f"hsa_id\n{C}\n", encoding="utf-8")
    yield "db", "upgrade"
    yield "db", "roles", "--apply"
    yield "run", "--archive", stream
    yield "run", "--archive", stream
    yield "boards", "set", "01", BOARD, "--name", NAME, "--ticket", "T–1", "--yes"
    yield "clinics", "add", A, "--actor", "anna", "--reason", "Order – 17"
    yield "clinics", "import", str(listed), "--actor", "anna", "--yes"
    yield "tak", "import", str(tak), "--actor", "björn", "--yes"
    yield "clinics", "list", "--search", "öst"
    yield "clinics", "show", A, "--history"
    yield "regions", "list"
    yield "log", "list"
    yield "replay", "--archive", stream, "--dry-run"
    yield "replay", "--archive", stream, "--yes"
    yield "reconcile", "--against", f"archive:{stream}"
    yield "deadletters", "list"
    yield "deadletters", "redrive", "--all", "--yes"
    yield "deadletters", "discard", "1", "--reason", "–", "--yes"
    yield "positions", "list"
    yield ("status",)
    yield ("doctor",)
    yield "db", "current"


def _comparable(exit_code: int, printed: str) -> Any:
    document = json.loads(_MOMENT.sub("a moment", printed)) if printed else None
    return exit_code, _without(document)


def _without(document: Any) -> Any:
    """Leave out what the doctor says of sizes and clocks."""
    if isinstance(document, dict) and "items" in document:
        kept = [item for item in document["items"] if item.get("id") not in {"clock", "disk"}]
        return document | {"items": kept}
    return document
