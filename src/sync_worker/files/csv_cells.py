"""A cell of a CSV file: what it says, and how it is escaped against CSV injection.

A spreadsheet program runs a cell that begins with = + - @ as a formula, whoever wrote it. An
apostrophe before it makes it text. The program's locale, not the file, decides which delimiter
splits cells, so text after a comma or a semicolon is escaped, too. Characters that a terminal would
act on are written as escapes. Reading reverts all of it.
"""

import re

from sync_worker.domain import hsa_id as hsa_ids
from sync_worker.domain.characters import cleaned
from sync_worker.printable import UNSAFE

_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
_HEADERS = {"hsaid", "hsaids", "hsaidn", "hsaidnr", "hsaidnummer", "hsaidentitet", "hsaidentity"}
_TEXT_FORMULA = re.compile(r'="([^"]*)"')
"""How systems keep Excel from turning a code into a number."""
_SIGNS = r"=+\-@\uff1d\uff0b\uff0d\uff20"
"""With the full-width ones, which Excel treats as the others in some locales."""
_FORMULA = re.compile(rf"'*\s*[{_SIGNS}]")
_FORMULA_INSIDE = re.compile(rf"(?P<before>[;,][\s\"']*)(?P<sign>[{_SIGNS}])")
_ESCAPED = re.compile(rf"[{UNSAFE}\\{_SIGNS}]")
"""What an escape may stand for."""
_UNSAFE = re.compile(f"[{UNSAFE}]")
_ESCAPE = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U000[0-9a-f]{5}|U0010[0-9a-f]{4})")


def is_header(cell: str) -> bool:
    """Whether a cell is the header HSA-id, in any spelling: hsaid, HSA ID, HSA_ID, Hsa-Id:."""
    return _NOT_ALPHANUMERIC.sub("", cleaned(cell)).casefold() in _HEADERS


def is_blank(cell: str) -> bool:
    """Whether the cell has no visible characters."""
    return not cleaned(cell)


def is_hsa_id(cell: str) -> bool:
    """Whether the cell's text has the form of an HSA-id."""
    return hsa_ids.has_the_form(hsa_ids.cleaned(plain(cell)))


def plain(cell: str) -> str:
    """The text of a cell, without what keeps spreadsheet programs from changing it."""
    text = hsa_ids.trimmed(cell)
    kept_as_text = _TEXT_FORMULA.fullmatch(text)
    return kept_as_text[1] if kept_as_text else unescaped(text)


def escaped(cell: str) -> str:
    """The cell as text that no spreadsheet program runs and no terminal acts on."""
    text = cell
    if not text.isprintable() or "\\" in text:
        # In text that looks like an escape already, the backslash is escaped.
        text = _ESCAPE.sub(lambda m: m[0] if _meaning(m) == m[0] else f"\\x5c{m[0][1:]}", text)
        text = _UNSAFE.sub(lambda unsafe: _escape_of(unsafe[0]), text)
    if ";" in text or "," in text:
        text = _FORMULA_INSIDE.sub(lambda m: m["before"] + _escape_of(m["sign"]), text)
    return f"'{text}" if _FORMULA.match(text) else text


def unescaped(cell: str) -> str:
    """The cell that `escaped` was given."""
    text = cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell
    return _ESCAPE.sub(_meaning, text) if "\\" in text else text


def _escape_of(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _meaning(escape: re.Match[str]) -> str:
    """The character that an escape of `escaped` stands for; any other text stays."""
    character = chr(int(escape[0].lstrip("\\xuU"), 16))
    return character if _ESCAPED.match(character) else escape[0]
