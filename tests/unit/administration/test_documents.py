"""The administrators' guides: the same in both languages, with everything that the program says."""

import re
from pathlib import Path

import pytest

from sync_worker.domain.admission import AdmissionOutcome, Refusal
from sync_worker.domain.clinic_status import Status

DOCS = Path(__file__).parent.parent.parent.parent / "docs"
PAGES = ["administration.md", "administration.sv.md"]
COMMANDS = [
    "clinics add",
    "clinics closures",
    "clinics explain",
    "clinics import",
    "clinics list",
    "clinics remove",
    "clinics show",
    "regions list",
    "regions show",
    "boards set",
    "boards clear",
    "tak import",
    "tak list",
]
ROW = re.compile(r"^\| `(\w+)` \| ", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")


def text(page):
    return (DOCS / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_each_refusal_and_status_has_a_row_in_order(page):
    assert ROW.findall(text(page)) == [*map(str, Refusal), *map(str, Status)]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_administrators_and_support_is_shown(page):
    assert [name for name in COMMANDS if f"sync-worker {name}" not in text(page)] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_name_only_codes_of_the_program(page):
    told = {code for code in CODE.findall(text(page)) if re.fullmatch("[a-z]+(?:_[a-z]+)+", code)}
    assert told <= {
        *map(str, AdmissionOutcome),
        *map(str, Refusal),
        *map(str, Status),
        "region_code",
        "event_id",
    }


def test_both_pages_have_the_same_parts_commands_and_codes():
    english, swedish = map(text, PAGES)
    for part in (r"^#+ ", r"^\|", r"^sync-worker \w+ \w+"):
        found = [re.findall(part, page, re.MULTILINE) for page in (english, swedish)]
        assert found[0] == found[1]
    options = [sorted(set(re.findall(r"--[a-z-]+", page))) for page in (english, swedish)]
    assert options[0] == options[1]
