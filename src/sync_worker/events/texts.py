"""What texts in events may contain; also the rule for HSA-ids from other sources.

Patterns keep to what the regular expressions of Rust, Python and JSON Schema share.
"""

import re

from sync_worker.domain.hsa_id import MAX_LENGTH_FROM_EVENTS, is_blank

MAX_NAME_LENGTH = 200
MAX_ID_LENGTH = 256
MAX_SEQUENCE_LENGTH = 64

BLANK = r"\t-\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
"""The characters that make up a blank text, for use in a character class."""
_CONTROL = r"\u0001-\u001f\u007f-\u009f"
ANY_TEXT = r"^[^\u0000]*$"
NOT_BLANK = rf"^[{BLANK}]*[^{BLANK}\u0000][^\u0000]*$"
SHORT_OR_BLANK = rf"^(?:[{BLANK}]*|[^\u0000]{{0,{MAX_SEQUENCE_LENGTH}}})$"
HSA_ID = rf"^[{BLANK}]*[^{BLANK}{_CONTROL}\u0000]{{1,{MAX_LENGTH_FROM_EVENTS}}}[{BLANK}]*$"
_NOT_STORABLE = re.compile(r"[\u0000\ud800-\udfff]")
_HSA_ID_FORM = re.compile(HSA_ID)


def stated(text: str | None) -> str | None:
    """The text unchanged; None if it is blank."""
    return None if text is None or is_blank(text) else text


def is_hsa_id(text: str) -> bool:
    """Whether the text is an HSA-id as events may have it, blanks around it allowed."""
    return _HSA_ID_FORM.match(text) is not None and is_storable(text)


def is_storable(text: str) -> bool:
    """Whether the text has neither a NUL nor a lone surrogate, which databases refuse."""
    return _NOT_STORABLE.search(text) is None
