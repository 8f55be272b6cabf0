"""What nobody sees, and what looks like something else, by Unicode's own tables."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.domain.characters import (
    CONTROL_BUT_LINE_BREAK,
    INVISIBLE,
    LINE_SEPARATORS,
    cleaned,
)
from sync_worker.domain.hsa_id import cleaned as cleaned_id
from sync_worker.domain.hsa_id import has_the_form, meant

A = "SE2321000016-TA01"
EVERY = list(map(chr, range(sys.maxunicode + 1)))


def of_category(*categories):
    return {each for each in EVERY if unicodedata.category(each) in categories}


UNSEEN = sorted(of_category("Cf") | {"\ufe0f", "\u034f", "\u3164", "\U000e0100"})
DASHES = sorted(of_category("Pd") - {"-"} | {"\u2212", "\u2043"})


def test_every_format_character_is_invisible():
    invisible = re.compile(f"[{INVISIBLE}]")
    assert [each for each in of_category("Cf") if not invisible.match(each)] == []
    letters = of_category("Lu", "Ll", "Nd", "Zs")
    assert [each for each in letters if invisible.match(each)] == []


def test_what_is_not_printable_is_named_by_a_class():
    named = re.compile(f"[\n{CONTROL_BUT_LINE_BREAK}{LINE_SEPARATORS}{INVISIBLE}]")
    assert [each for each in of_category("Cc", "Cf", "Zl", "Zp") if not named.match(each)] == []


def test_an_id_is_known_with_any_invisible_character_anywhere():
    for unseen in UNSEEN:
        for at in range(len(A) + 1):
            assert cleaned_id(A[:at] + unseen + A[at:]) == A


@pytest.mark.parametrize("dash", [*DASHES, "\xad", "\xad\u200b"])
def test_any_dash_typed_for_the_hyphen_is_one(dash):
    assert cleaned_id(A.replace("-", dash)) == A


def test_full_width_is_read_as_ascii():
    wide = "".join(chr(ord(each) + 0xFEE0) for each in A.lower())
    assert cleaned_id(wide) == A
    assert cleaned("０１") == "01"


@pytest.mark.parametrize(
    "text", ["SE2321000016 -TA01", "SE2321000016\u00a0-TA01", "SЕ2321000016-TA01", "SE²-1"]
)
def test_a_blank_or_another_letter_inside_stays(text):
    assert not has_the_form(cleaned_id(text))


def test_what_the_e_services_named_is_meant_as_it_stands():
    odd = "SE2321000016\u200b-TA01"
    assert meant(f" {odd} ", {A, odd}) == odd
    assert meant(odd, {A}) == A


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text):
    assert cleaned(cleaned(text)) == cleaned(text)
    assert cleaned_id(cleaned_id(text)) == cleaned_id(text)
