"""What a single cell says: the header HSA-id, an HSA-id, or nothing; and cells safe to open.

A spreadsheet program runs a cell that begins with = + - @ as a formula, whoever wrote it. An
apostrophe before it makes it text. Which delimiter it splits at goes by its country, whatever the
file has, so what follows a comma or a semicolon in a text is looked at too. What a terminal would
act on is written as an escape. Reading takes all of it away again.
"""

import re

from sync_worker.domain import hsa_id as hsa_ids
from sync_worker.domain.characters import cleaned
from sync_worker.printable import UNSAFE

_NO_LETTER = re.compile(r"[\W_]+")
_HEADERS = {"hsaid", "hsaids", "hsaidn", "hsaidnr", "hsaidnummer", "hsaidentitet", "hsaidentity"}
_TEXT_FORMULA = re.compile(r'="([^"]*)"')
"""How systems keep Excel from reading a number into a code."""
_SIGNS = r"=+\-@\uff1d\uff0b\uff0d\uff20"
"""The full-width ones too, which Excel takes for the others in some countries."""
_FORMULA = re.compile(rf"'*\s*[{_SIGNS}]")
_FORMULA_INSIDE = re.compile(rf"(?P<before>[;,][\s\"']*)(?P<sign>[{_SIGNS}])")
_ESCAPED = re.compile(rf"[{UNSAFE}\\{_SIGNS}]")
"""What an escape may stand for."""
_UNSAFE = re.compile(f"[{UNSAFE}]")
_ESCAPE = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U000[0-9a-f]{5}|U0010[0-9a-f]{4})")


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
    return kept_as_text[1] if kept_as_text else unescaped(text)


def safe(cell: str) -> str:
    """The cell as text that no program runs and no terminal acts on."""
    text = cell
    if not text.isprintable() or "\\" in text:
        # An escape that stands there already is told apart by that of its backslash.
        text = _UNSAFE.sub(_escape, _ESCAPE.sub(_without_meaning, text))
    if ";" in text or "," in text:
        text = _FORMULA_INSIDE.sub(_without_formula, text)
    return f"'{text}" if _FORMULA.match(text) else text


def unescaped(cell: str) -> str:
    """The cell that `safe` was given."""
    text = cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell
    return _ESCAPE.sub(_meaning, text) if "\\" in text else text


def _escape(unsafe: re.Match[str]) -> str:
    return _escape_of(unsafe[0])


def _without_formula(found: re.Match[str]) -> str:
    return found["before"] + _escape_of(found["sign"])


def _escape_of(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _meaning(escape: re.Match[str]) -> str:
    """The character that an escape of `safe` stands for; any other text stays."""
    character = chr(int(escape[0].lstrip("\\xuU"), 16))
    return character if _ESCAPED.match(character) else escape[0]


def _without_meaning(escape: re.Match[str]) -> str:
    return escape[0] if _meaning(escape) == escape[0] else f"\\x5c{escape[0][1:]}"
