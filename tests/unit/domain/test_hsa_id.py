"""HSA-ids as people paste them and as they are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.domain.hsa_id import (
    check_digit_is_right,
    has_the_form,
    is_blank,
    normalised,
    trimmed,
)


@pytest.mark.parametrize(
    "pasted",
    [
        " SE2321000016-TA01 ",
        "\ufeffSE2321000016-TA01",
        "\u00a0SE2321000016-TA01\u202f",
        "\tse2321000016-ta01\r\n",
        " \ufeff \u00a0SE2321000016-TA01\ufeff ",
    ],
)
def test_neither_blanks_nor_marks_nor_case_matter_in_an_id(pasted):
    assert normalised(pasted) == "SE2321000016-TA01"


def test_only_ascii_letters_are_put_in_upper_case():
    assert normalised("straße-å") == "STRAßE-å"


@given(st.text())
def test_normalising_twice_is_normalising_once(text):
    assert normalised(normalised(text)) == normalised(text)


@given(st.text())
def test_trimming_twice_is_trimming_once(text):
    assert trimmed(trimmed(text)) == trimmed(text)


@pytest.mark.parametrize("text", ["", " ", "\ufeff", "\u00a0\t", " \ufeff "])
def test_nothing_but_blanks_says_nothing(text):
    assert is_blank(text)


@pytest.mark.parametrize(
    ("hsa_id", "expected"),
    [
        ("SE2321000016-TA01", True),
        ("SE162321000016-TA01", True),
        ("SE2321000016-1", True),
        ("SE2321000131-E000000000TC3", True),
        ("SE2321000016-" + "A" * 18, True),
        ("SE2321000016-" + "A" * 19, False),
        ("SE2321000016-", False),
        ("SE2321000016TA01", False),
        ("SE232100001-TA01", False),
        ("SE23210000161-TA01", False),
        ("2321000016-TA01", False),
        ("se2321000016-TA01", False),
        ("SE2321000016-Å1", False),
        ("SE２３２１０００016-TA01", False),
        ("SE2321000016-TA01\n", False),
        ("", False),
    ],
)
def test_people_must_write_the_form_of_an_hsa_id(hsa_id, expected):
    assert has_the_form(hsa_id) is expected


@pytest.mark.parametrize(
    ("hsa_id", "expected"),
    [
        ("SE2321000016-TA01", True),
        ("SE162321000016-TA01", True),
        ("SE2321000131-TA01", True),
        ("SE2321000017-TA01", False),
        ("SE3221000016-TA01", False),
    ],
)
def test_the_check_digit_is_that_of_the_organisation_number(hsa_id, expected):
    assert check_digit_is_right(hsa_id) is expected


def test_the_check_digit_of_something_else_is_a_bug():
    with pytest.raises(ValueError, match="not an HSA-id"):
        check_digit_is_right("12345")
