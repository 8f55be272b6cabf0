"""An extract of the e-services: every clinic as it was at one instant, in a csv file.

Strict: one thing that is not as it must be, and nothing of the file is believed. An empty or short
extract is a fault, not "everything is closed" (decision 13).
"""

import csv
import hashlib
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sync_worker.clinics.facts import Fact, Facts, Register
from sync_worker.clinics.hsa_id import BLANKS, normalised
from sync_worker.clinics.regions import Regions
from sync_worker.events.models import MAX_NAME_LENGTH, is_hsa_id, is_storable, stated
from sync_worker.events.verdicts import quoted
from sync_worker.registry.survey import Survey

LEAST_PERCENT = 80
"""Of the registry's active clinics, an extract has to name so many."""

_MOST_PROBLEMS = 10
_REQUIRED = ("hsa_id", "active", "region_code")
_NAME = "name"
_TRUTH = {
    **dict.fromkeys(("true", "1", "ja", "yes"), True),
    **dict.fromkeys(("false", "0", "nej", "no"), False),
}


class BadExtract(Exception):
    """The file is not an extract; each problem is a sentence that names its line."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(problems[0])
        self.problems = problems


class ShortExtract(Exception):
    """The extract names too few of the registry's active clinics to be the whole truth."""

    def __init__(self, named: int, active: int, lines: int) -> None:
        super().__init__(f"the extract names {named} of {active} active clinics")
        self.named, self.active, self.lines = named, active, lines


@dataclass(frozen=True, slots=True)
class Extract:
    """What an extract says of clinics, all of it from one instant.

    `event_id` stands where a fact has the id of its event: `snapshot:` and the content's hash.
    """

    as_of: datetime
    event_id: str
    clinics: Mapping[str, Facts]

    def register(self, value: bool | str) -> Register[Any]:
        """A value with the extract's version."""
        return Register(self.as_of, "", self.event_id, value)


def parse(content: bytes, as_of: datetime, regions: Regions) -> Extract:
    """Read a file's content.

    Raises:
        BadExtract: with everything that is wrong, or the first ten of it.
    """
    event_id = f"snapshot:{hashlib.sha256(content).hexdigest()[:32]}"
    extract = Extract(as_of, event_id, {})
    clinics: dict[str, Facts] = {}
    problems: list[str] = []
    for line, row in _rows(content):
        found = list(_problems(row, regions))
        if not found and normalised(row["hsa_id"]) in clinics:
            found = ["this HSA-id stands in an earlier line too"]
        problems += [f"Line {line}: {problem}." for problem in found]
        if len(problems) >= _MOST_PROBLEMS:
            break
        if not found:
            clinics[normalised(row["hsa_id"])] = _facts(row, extract)
    if problems:
        raise BadExtract(problems)
    return Extract(as_of, event_id, clinics)


def refuse_short(extract: Extract, survey: Survey, region_codes: Collection[str] = ()) -> None:
    """Raise ShortExtract where it is empty, or leaves out too many of the active clinics.

    With region codes, of those that the registry has in one of them.
    """
    active = [
        hsa_id
        for hsa_id, clinic in survey.clinics.items()
        if clinic.standing(Fact.ACTIVATION).stored.value is True
        and (not region_codes or clinic.standing(Fact.REGION).stored.value in region_codes)
    ]
    named = sum(hsa_id in extract.clinics for hsa_id in active)
    if not extract.clinics or named * 100 < len(active) * LEAST_PERCENT:
        raise ShortExtract(named, len(active), len(extract.clinics))


def _rows(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with the line that it ends on, by the names in the header."""
    lines = _lines(content)
    header = next(lines, (1, []))[1]
    names = [name.strip(BLANKS).casefold() for name in header]
    missing = [name for name in _REQUIRED if name not in names]
    if missing or len(set(names)) < len(names):
        what = f"has no column {missing[0]}" if missing else "names a column twice"
        raise BadExtract([f"Line 1: the header {what}; it has to be hsa_id,active,region_code."])
    for line, cells in lines:
        if len(cells) != len(names):
            raise BadExtract([f"Line {line}: it has {len(cells)} cells, the header {len(names)}."])
        yield line, dict(zip(names, cells, strict=True))


def _lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadExtract([f"Line {line}: it is not UTF-8."]) from None
    header = text.partition("\n")[0]
    delimiter = ";" if ";" in header else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if any(cell.strip(BLANKS) for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise BadExtract([f"Line {reader.line_num}: it is not csv: {error}."]) from None


def _problems(row: Mapping[str, str], regions: Regions) -> Iterator[str]:
    if not is_hsa_id(row["hsa_id"]):
        yield "hsa_id is not 1 to 64 characters without blanks or control characters"
    if _truth(row["active"]) is None:
        yield f"active is {quoted(row['active'])}, and neither true nor false"
    region_code = stated(row["region_code"])
    if region_code is not None and region_code.strip(BLANKS) not in regions:
        yield f"region_code is {quoted(region_code)}, which is no region's code"
    if not is_storable(row.get(_NAME, "")):
        yield "name holds a character that no database keeps"


def _truth(text: str) -> bool | None:
    return _TRUTH.get(text.strip(BLANKS).casefold())


def _facts(row: Mapping[str, str], extract: Extract) -> Facts:
    """What is blank is not said; a name that is too long to be one is dropped, as an event's is."""
    region_code, name = stated(row["region_code"]), stated(row.get(_NAME, ""))
    is_name = name is not None and len(name) <= MAX_NAME_LENGTH
    return Facts(
        extract.register(value=bool(_truth(row["active"]))),
        None if region_code is None else extract.register(region_code.strip(BLANKS)),
        extract.register(str(name)) if is_name else None,
    )
