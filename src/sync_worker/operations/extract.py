"""An extract of the e-services: a csv file with every clinic as it was at one instant.

Parsing is strict: a single error, and nothing in the file is used. An empty or short extract is a
fault, not "everything is closed" (decision 13), and a clinic whose id was garbled on the way is not
absent.
"""

import hashlib
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sync_worker.domain.characters import cleaned
from sync_worker.domain.facts import Fact, Facts, Register
from sync_worker.domain.hsa_id import has_the_form, meant
from sync_worker.domain.regions import Regions
from sync_worker.errors import Exit, UserError
from sync_worker.events.decode_result import quoted
from sync_worker.events.texts import MAX_NAME_LENGTH, is_hsa_id, is_storable, stated
from sync_worker.files import csv_cells, csv_rows
from sync_worker.registry.snapshot import RegistrySnapshot
from sync_worker.remedies import Remedy

MIN_PERCENT_NAMED = 80
"""How many of the registry's active clinics an extract has to name."""

_MAX_PROBLEMS_LISTED = 10
_REQUIRED = ("hsa_id", "active", "region_code")
_NAME = "name"
_TRUTH = {
    **dict.fromkeys(("true", "1", "ja", "yes"), True),
    **dict.fromkeys(("false", "0", "nej", "no"), False),
}


class BadExtract(UserError):
    """The file is not an extract; each problem is a sentence that names its line."""

    def __init__(self, problems: Sequence[str]) -> None:
        several = "The extract cannot be used:\n  " + "\n  ".join(problems)
        super().__init__(
            Exit.USAGE,
            problems[0] if len(problems) == 1 else several,
            why="None of it was used.",
            hint="Correct the file, or have it made again: hsa_id,active,region_code[,name] in "
            "UTF-8, with commas or semicolons.",
            code="extract",
        )
        self.problems = problems


class ShortExtract(UserError):
    """The extract names too few of the registry's active clinics to be complete."""

    def __init__(self, named: int, active: int, lines: int) -> None:
        super().__init__(
            Exit.REFUSED,
            f"The extract has {lines} clinics and names {named} of the {active} that are active "
            "here.",
            why=f"One that is empty, or names fewer than {MIN_PERCENT_NAMED} % of them, is more "
            "likely a fault than the truth: the rest would be deactivated.",
            hint=Remedy.ACCEPT_SHORT_EXTRACT(),
            code="short_extract",
        )


@dataclass(frozen=True, slots=True)
class Extract:
    """The clinics of an extract, all as of one instant.

    `event_id` takes the place of an event's id: `snapshot:` and the hash of the content. `doubtful`
    are ids that lack the form of an HSA-id and are unknown to the registry, each with its line.
    """

    as_of: datetime
    event_id: str
    clinics: Mapping[str, Facts]
    doubtful: Mapping[str, int]

    def register(self, value: bool | str) -> Register[Any]:
        """A value with the version of the extract."""
        return Register(self.as_of, "", self.event_id, value)


def parse(content: bytes, as_of: datetime, regions: Regions, known: Container[str]) -> Extract:
    """Parse the content of a file; `known` are the HSA-ids that the registry has.

    Raises:
        BadExtract: with all problems, or the first ten.
    """
    event_id = f"snapshot:{hashlib.sha256(content).hexdigest()[:32]}"
    clinics: dict[str, Facts] = {}
    doubtful: dict[str, int] = {}
    extract = Extract(as_of, event_id, clinics, doubtful)
    problems: list[str] = []
    for line, row in _rows(content):
        hsa_id = meant(row["hsa_id"], known)
        in_line = list(_problems(hsa_id, row, regions))
        if not in_line and hsa_id in clinics:
            in_line = ["this HSA-id stands in an earlier line too"]
        problems += [f"Line {line}: {problem}." for problem in in_line]
        if len(problems) >= _MAX_PROBLEMS_LISTED:
            break
        if in_line:
            continue
        clinics[hsa_id] = _facts(row, extract)
        if hsa_id not in known and not has_the_form(hsa_id):
            doubtful[hsa_id] = line
    if problems:
        raise BadExtract(problems)
    return extract


def check_doubtful_ids(
    extract: Extract, survey: RegistrySnapshot, region_codes: Collection[str] = ()
) -> None:
    """Check that no doubtful id may stand for an active clinic that is left out.

    If none is left out, such an id is a clinic that the e-services have under an odd id and have
    not named before. With region codes, only active clinics of these regions count.

    Raises:
        BadExtract: with the lines of the doubtful ids.
    """
    problems = [
        f"Line {line}: {quoted(hsa_id)} is not a valid HSA-id, and may stand for an active clinic "
        "that is left out."
        for hsa_id, line in extract.doubtful.items()
    ]
    if problems and not extract.clinics.keys() >= set(_active(survey, region_codes)):
        raise BadExtract(problems[:_MAX_PROBLEMS_LISTED])


def check_length(
    extract: Extract, survey: RegistrySnapshot, region_codes: Collection[str] = ()
) -> None:
    """Check that it names enough of the active clinics; with region codes, of these regions.

    Raises:
        ShortExtract: it is empty, or leaves out too many.
    """
    active = _active(survey, region_codes)
    named = sum(hsa_id in extract.clinics for hsa_id in active)
    if not extract.clinics or named * 100 < len(active) * MIN_PERCENT_NAMED:
        raise ShortExtract(named, len(active), len(extract.clinics))


def _active(survey: RegistrySnapshot, region_codes: Collection[str]) -> list[str]:
    return [
        hsa_id
        for hsa_id, clinic in survey.clinics.items()
        if clinic.state(Fact.ACTIVATION).stored.value is True
        and (not region_codes or clinic.state(Fact.REGION).stored.value in region_codes)
    ]


def _rows(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row by the names in the header, with the line that it begins on."""
    lines = _lines(content)
    header = next(lines, csv_rows.Row(1, ()))
    names = [cleaned(cell).casefold() for cell in _without_blank_end(header.cells)]
    missing = [name for name in _REQUIRED if name not in names]
    if missing or len(set(names)) < len(names):
        what = f"has no column {missing[0]}" if missing else "names a column twice"
        raise BadExtract(
            [f"Line {header.line}: the header {what}; it has to be hsa_id,active,region_code."]
        )
    for line, given in lines:
        count = len(names)
        row = given if len(given) <= count else (*given[:count], *_without_blank_end(given[count:]))
        if len(row) != count:
            raise BadExtract([f"Line {line}: it has {len(row)} cells, the header {count}."])
        yield line, dict(zip(names, row, strict=True))


def _lines(content: bytes) -> Iterator[csv_rows.Row]:
    """Each row that is not blank, its cells unescaped."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadExtract([f"Line {line}: it is not UTF-8."]) from None
    header = text.lstrip().splitlines()[:1]
    delimiter = max(csv_rows.DELIMITERS, key="".join(header).count)
    try:
        for line, row in csv_rows.rows(text, delimiter):
            if not all(map(csv_cells.is_blank, row)):
                yield csv_rows.Row(line, tuple(map(csv_cells.unescaped, row)))
    except csv_rows.OpenQuote as error:
        problem = f"Line {error.line}: the quotation mark is not closed properly."
        raise BadExtract([problem]) from None


def _without_blank_end(row: Sequence[str]) -> Sequence[str]:
    """The cells up to the last one that is not blank: spreadsheets write delimiters after it."""
    filled = [index for index, cell in enumerate(row) if not csv_cells.is_blank(cell)]
    return row[: filled[-1] + 1] if filled else ()


def _problems(hsa_id: str, row: Mapping[str, str], regions: Regions) -> Iterator[str]:
    if not is_hsa_id(hsa_id):
        yield "hsa_id is not 1 to 64 characters without blanks or control characters"
    if _truth(row["active"]) is None:
        yield f"active is {quoted(row['active'])}, which is neither true nor false"
    region_code = _region_code(row)
    if region_code and region_code not in regions:
        yield f"region_code is {quoted(row['region_code'])}, which is not a region code"
    if not is_storable(row.get(_NAME, "")):
        yield "name has a character that databases cannot store"


def _truth(text: str) -> bool | None:
    return _TRUTH.get(cleaned(text).casefold())


def _region_code(row: Mapping[str, str]) -> str:
    return cleaned(row["region_code"])


def _facts(row: Mapping[str, str], extract: Extract) -> Facts:
    """A blank cell states nothing; a name that is too long is dropped, as an event's is."""
    region_code, name = _region_code(row), stated(row.get(_NAME, ""))
    is_name = name is not None and cleaned(name) != "" and len(name) <= MAX_NAME_LENGTH
    return Facts(
        extract.register(value=bool(_truth(row["active"]))),
        extract.register(region_code) if region_code else None,
        extract.register(str(name)) if is_name else None,
    )
