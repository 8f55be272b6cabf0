"""HSA-ids: how one is compared, and what form is demanded of people.

Knows nothing of regions: a region is never derived from an HSA-id (domain, decision 8).
"""

import re
import string
from collections.abc import Container

from sync_worker.domain.characters import BLANKS, SOFT_HYPHEN
from sync_worker.domain.characters import cleaned as cleaned_text

MAX_LENGTH_FROM_EVENTS = 64
_MAX_LENGTH = 31
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


def cleaned(text: str) -> str:
    """The id that a person's text shows, normalised: nothing in it that nobody sees.

    A soft hyphen that is the only one stands for the hyphen; beside another one it is nothing.
    """
    shown = normalised(cleaned_text(text))
    if SOFT_HYPHEN in text and "-" not in shown:
        return normalised(cleaned_text(text.replace(SOFT_HYPHEN, "-")))
    return shown


def meant(text: str, known: Container[str]) -> str:
    """The id that a person means; `known` are those that the e-services named.

    As it stands where they named exactly that, however odd it is; else cleaned.
    """
    written = normalised(text)
    return written if written in known else cleaned(text)


def has_the_form(hsa_id: str) -> bool:
    """Whether a normalised HSA-id has the form that the specification demands."""
    return len(hsa_id) <= _MAX_LENGTH and _FORM.fullmatch(hsa_id) is not None


def is_miscopied(hsa_id: str) -> bool:
    """Whether a normalised id has the form of an HSA-id, and a wrong check digit."""
    return has_the_form(hsa_id) and not check_digit_is_right(hsa_id)


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
