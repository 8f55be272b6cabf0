"""Text from outside, made safe to show: control characters are escaped.

They could move a cursor, hide text, or break a line; and events, files and brokers can contain any.
"""

import re
from collections.abc import Callable

from sync_worker.domain.characters import CONTROL_BUT_LINE_BREAK, FORMAT, LINE_SEPARATORS

_IN_LINES = f"{CONTROL_BUT_LINE_BREAK}{LINE_SEPARATORS}{FORMAT}"
UNSAFE = f"\n{_IN_LINES}"
"""All characters that are escaped, for use in a character class."""
_UNSAFE = re.compile(f"[{UNSAFE}]")
_UNSAFE_IN_LINES = re.compile(f"[{_IN_LINES}]")
_PIECE = 64 * 2**10
_Escape = Callable[[re.Match[str]], str]
_DELETE = "\x7f"
"""The only control character of ASCII that JSON does not escape."""


def printable_text(text: str) -> str:
    """`text` with all control characters but line breaks as escapes."""
    return text if text.isprintable() else _replaced(_UNSAFE_IN_LINES, _escaped, text)


def printable_line(text: str) -> str:
    """`text` with all control characters as escapes, line breaks included."""
    return text if text.isprintable() else _replaced(_UNSAFE, _escaped, text)


def printable_json(document: str) -> str:
    """The same JSON document, with all control characters as JSON's escapes."""
    if document.isprintable() or (document.isascii() and _DELETE not in document):
        return document
    return _replaced(_UNSAFE_IN_LINES, _escaped_for_json, document)


def _replaced(unsafe: re.Pattern[str], escaped: _Escape, text: str) -> str:
    """In pieces: an object for each character of a long text would take much memory."""
    pieces = (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))
    return "".join(unsafe.sub(escaped, piece) for piece in pieces)


def _escaped(unsafe: re.Match[str]) -> str:
    return unsafe[0].encode("unicode_escape").decode("ascii")


def _escaped_for_json(unsafe: re.Match[str]) -> str:
    units = unsafe[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
