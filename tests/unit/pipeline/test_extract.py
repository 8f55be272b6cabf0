"""Extracts: strict, with the line of everything that is wrong."""

from datetime import UTC, datetime

import pytest

from sync_worker.domain.regions import Regions
from sync_worker.operations.extract import BadExtract, Extract, parse

AS_OF = datetime(2026, 1, 2, tzinfo=UTC)
A, B = "SE2321000016-TA01", "SE2321000016-TB02"
HEADER = "hsa_id,active,region_code,name\n"


def parsed(text: str | bytes) -> Extract:
    content = text.encode() if isinstance(text, str) else text
    return parse(content, AS_OF, Regions(), known=())


def values(extract: Extract, hsa_id: str = A) -> tuple[object, ...]:
    """Active, region code and name."""
    return tuple(None if f is None else f.value for f in extract.clinics[hsa_id][:3])


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(BadExtract) as raised:
        parsed(text)
    return list(raised.value.problems)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}{A},true,01,Ett\n",
        f"\ufeff{HEADER}{A},true,01,Ett",
        f"hsa_id;active;region_code;name\r\n{A};ja;01;Ett\r\n\r\n",
        f"NAME,Region_Code,Active,HSA_ID,more\nEtt,01,1,{A.lower()} ,x\n",
        f'{HEADER}"{A}","TRUE","01","Ett"\n',
    ],
)
def test_commas_semicolons_marks_and_columns_in_any_order(text):
    assert values(parsed(text)) == (True, "01", "Ett")


@pytest.mark.parametrize(
    ("written", "value"),
    [("true", True), ("1", True), ("Ja", True), ("false", False), ("0", False), ("nej", False)],
)
def test_truth_is_written_in_a_few_ways(written, value):
    assert values(parsed(f"{HEADER}{A},{written},01,\n"))[0] is value


def test_what_is_blank_is_not_said():
    assert values(parsed(f"{HEADER}{A},false,, \n")) == (False, None, None)
    assert values(parsed(f"hsa_id,active,region_code\n{A},false,01\n")) == (False, "01", None)


@pytest.mark.parametrize("name", ["\u200b", "\u2060 \u200b"])
def test_a_name_that_nobody_sees_is_not_said(name):
    assert values(parsed(f"{HEADER}{A},true,01,{name}\n")) == (True, "01", None)


def test_a_name_that_is_too_long_is_dropped():
    assert values(parsed(f"{HEADER}{A},true,01,{'x' * 201}\n")) == (True, "01", None)


def test_its_version_is_its_time_and_content_hash():
    one, other = parsed(f"{HEADER}{A},true,01,\n"), parsed(f"{HEADER}{A},false,01,\n")
    register = one.clinics[A].activation
    assert register is not None
    assert register[:3] == (AS_OF, "", one.event_id)
    assert one.event_id.startswith("snapshot:")
    assert one.event_id != other.event_id


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Line 1: the header has no column hsa_id"),
        (f"{A},true,01\n", "Line 1: the header has no column hsa_id"),
        ("hsa_id,active\n", "Line 1: the header has no column region_code"),
        ("hsa_id,active,region_code,active\n", "Line 1: the header names a column twice"),
        (f"{HEADER}{A},true,01\n", "Line 2: it has 3 cells, the header 4"),
        (f"{HEADER}{A},maybe,01,\n", "Line 2: active is 'maybe'"),
        (f"{HEADER}{A},,01,\n", "Line 2: active is ''"),
        (f"{HEADER}{A},true,11,\n", "Line 2: region_code is '11'"),
        (f"{HEADER}{A},true,1,\n", "Line 2: region_code is '1'"),
        (f"{HEADER},true,01,x\n", "Line 2: hsa_id is not 1 to 64 characters"),
        (f"{HEADER}{A},true,01,\n{A.lower()},true,01,\n", "Line 3: this HSA-id stands in an"),
        (f'{HEADER}{A},true,01,"x\n', "Line 2: the quotation mark is not closed"),
        (f"{HEADER}{A},true,01,".encode() + b"\xe5\n", "Line 2: it is not UTF-8"),
        (f"{HEADER}{A},true,01,a\0b\n", "Line 2: "),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text, said):
    assert problems(text)[0].startswith(said)


def test_everything_that_is_wrong_is_said_at_once():
    found = problems(f"{HEADER}{A},maybe,11,\n{B},true,01,\n,true,01,x\n")
    assert [problem[:7] for problem in found] == ["Line 2:", "Line 2:", "Line 4:"]
