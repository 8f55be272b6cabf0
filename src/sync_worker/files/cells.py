"""What a single cell says: the header HSA-id, an HSA-id, or nothing; and cells safe to open.

A spreadsheet program runs a cell that begins with = + - @ as a formula, whoever wrote it. An
apostrophe before it makes it text; reading takes that one away again.
"""

import re

from sync_worker.clinics import hsa_id as hsa_ids
from sync_worker.clinics.characters import cleaned

_NO_LETTER = re.compile(r"[\W_]+")
_HEADERS = {"hsaid", "hsaids", "hsaidn", "hsaidnr", "hsaidnummer", "hsaidentitet", "hsaidentity"}
_TEXT_FORMULA = re.compile(r'="([^"]*)"')
"""How systems keep Excel from reading a number into a code."""
_FORMULA = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
"""The full-width signs too, which Excel takes for the others in some countries."""


def is_header(cell: str) -> bool:
    """Whether a cell says HSA-id, in any spelling: hsaid, HSA ID, HSA_ID, Hsa-Id:."""
    return _NO_LETTER.sub("", cleaned(cell)).casefold() in _HEADERS


def is_blank(cell: str) -> bool:
    """Whether there is nothing to be seen in the cell."""
    return not cleaned(cell)


def is_hsa_id(cell: str) -> bool:
    """Whether what stands in the cell has the form of an HSA-id."""
    return hsa_ids.has_the_form(hsa_ids.cleaned(plain(cell)))


def plain(cell: str) -> str:
    """What was meant by a cell: without what keeps spreadsheet programs from changing it."""
    text = hsa_ids.trimmed(cell)
    kept_as_text = _TEXT_FORMULA.fullmatch(text)
    return kept_as_text[1] if kept_as_text else unguarded(text)


def unguarded(cell: str) -> str:
    """The cell that `safe` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


def safe(cell: str) -> str:
    """The cell as text that no spreadsheet program runs; `plain` gives it back."""
    text = hsa_ids.trimmed(cell)
    return f"'{text}" if _FORMULA.match(text) else text
