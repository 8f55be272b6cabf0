"""HSA-ids: how one is compared, and what form is demanded of people.

Knows nothing of regions: a region is never derived from an HSA-id (domain, decision 8).
"""

import re
import string

MAX_LENGTH_FROM_EVENTS = 64
_MAX_LENGTH = 31
BLANKS = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f\x20\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""Unicode's white space, and the byte-order mark: what a blank text is made of."""
_ASCII_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_FORM = re.compile(r"SE(?P<organisation>(?:[0-9]{2})?[0-9]{10})-[A-Z0-9]+")


def trimmed(text: str) -> str:
    """`text` without the blanks, no-break spaces and byte-order marks that pasting leaves."""
    return text.strip(BLANKS)


def is_blank(text: str) -> bool:
    """Whether `text` says nothing: empty once trimmed."""
    return not (text.isascii() and text.isalnum()) and not trimmed(text)


def normalised(text: str) -> str:
    """The form in which HSA-ids are compared and kept: trimmed, ASCII letters in upper case.

    Letters outside ASCII are left alone: `str.upper` would turn "ß" into two letters.
    """
    return trimmed(text).translate(_ASCII_UPPER)


def has_the_form(hsa_id: str) -> bool:
    """Whether a normalised HSA-id has the form that the specification demands."""
    return len(hsa_id) <= _MAX_LENGTH and _FORM.fullmatch(hsa_id) is not None


def check_digit_is_right(hsa_id: str) -> bool:
    """Whether the organisation number of a well-formed HSA-id passes the Luhn check.

    In the twelve-digit form the first two digits are a prefix outside the check.
    """
    form = _FORM.fullmatch(hsa_id)
    if form is None:
        raise ValueError(f"not an HSA-id: {hsa_id!r}")
    digits = [int(digit) for digit in form["organisation"][-10:]]
    doubled = [sum(divmod(digit * 2, 10)) for digit in digits[0::2]]
    return (sum(doubled) + sum(digits[1::2])) % 10 == 0
