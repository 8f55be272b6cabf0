"""Characters that nobody sees, or that look like others: what typing and pasting leaves in a text.

The classes are for use in regular expressions; tests hold them to Unicode's own tables.
"""

import re

BLANKS = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f\x20\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""Unicode's white space, and the byte-order mark: what a blank text is made of."""

FORMAT = (
    "\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
"""Unicode's category Cf: zero width, soft hyphen, direction, tags."""
INVISIBLE = FORMAT + (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff"
)
"""With what else Unicode shows nothing of: variation selectors, fillers, joiners."""
CONTROL_BUT_LINE_BREAK = "\x00-\x09\x0b-\x1f\x7f-\x9f"
LINE_SEPARATORS = "\u2028\u2029"

SOFT_HYPHEN = "\xad"
_DASHES = (
    "\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u2e17\u2e1a\u2e3a"
    "\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\U00010ead"
)
_FULL_WIDTH = range(0xFF01, 0xFF5F)
_TO_ASCII = 0xFEE0
_MEANT = str.maketrans(
    {code: chr(code - _TO_ASCII) for code in _FULL_WIDTH} | dict.fromkeys(_DASHES, "-")
)
_UNSEEN = re.compile(f"[{INVISIBLE}]+")


def cleaned(text: str) -> str:
    """What a short text from a person means: an id, a code, a word from a list.

    Without what nobody sees and without blanks around it; every dash is a hyphen, and what is
    typed in full width is its ASCII.
    """
    if text.isascii():
        return text.strip(BLANKS)
    return _UNSEEN.sub("", text).translate(_MEANT).strip(BLANKS)
