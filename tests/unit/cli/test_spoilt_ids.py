"""Ids that typing, pasting and spreadsheets have spoilt: in lists, extracts, and on the line."""

import pytest
from tests.builders import activated, record, write_archive
from tests.worlds.command_line import A, B, C, D

AS_OF = "2026-01-02T00:00:00Z"
SNAPSHOT = ("reconcile", "--against", "snapshot:extract.csv", "--as-of", AS_OF)
HEADER = "hsa_id,active,region_code\n"
OTHERS = f"{C},true,03\n{D},false,01\n"

SPOILT = {
    "zero width space": f"SE2321000016\u200b-{A[13:]}",
    "word joiner": f"\u2060{A}",
    "mark in the middle": f"{A[:5]}\ufeff{A[5:]}",
    "soft hyphen": f"{A[:14]}\xad{A[14:]}",
    "soft hyphen for the hyphen": A.replace("-", "\xad"),
    "direction": f"\u202a{A}\u202c",
    "isolate": f"\u2068{A}\u2069",
    "variation selector": f"{A}\ufe0f",
    "tag": f"{A}\U000e0041",
    "vowel separator": f"\u180e{A}",
    "en dash": A.replace("-", "\u2013"),
    "minus": A.replace("-", "\u2212"),
    "full width": A.replace("-", "\uff0d").replace("S", "\uff33"),
    "no-break blanks": f"\u00a0{A}\u202f\u200b ",
}


@pytest.fixture
def extract(folder):
    def write(content: str | bytes) -> None:
        raw = content.encode() if isinstance(content, str) else content
        (folder / "extract.csv").write_bytes(raw)

    return write


@pytest.mark.parametrize("kind", SPOILT)
@pytest.mark.usefixtures("populated")
def test_a_spoilt_id_is_never_read_as_absent(sync_worker, extract, kind):
    extract(f"{HEADER}{SPOILT[kind]},true,01\n{B},true,01\n{OTHERS}")
    told = sync_worker(*SNAPSHOT, "--apply", "--yes", "-o", "json")
    assert (told.exit_code, told.items) == (0, [])


@pytest.mark.parametrize("kind", SPOILT)
@pytest.mark.usefixtures("populated")
def test_a_spoilt_id_is_understood_in_lists_and_arguments(sync_worker, folder, kind):
    (folder / "list.csv").write_text(f"HSA-id;Namn\n{SPOILT[kind]};Norr\n")
    removed = sync_worker("clinics", "remove", "--file", "list.csv", "-y", "-o", "json")
    assert [item["outcome"] for item in removed.items] == ["removed"]
    (folder / "list.csv").write_text(f"HSA-id;Namn\n{SPOILT[kind]};Norr\n")
    imported = sync_worker("clinics", "import", "list.csv", "-y", "-o", "json")
    assert [(item["hsa_id"], item["outcome"]) for item in imported.items] == [(A, "added")]
    again = sync_worker("clinics", "add", SPOILT[kind], "-o", "json")
    assert again.items[0]["outcome"] == "already_registered"
    assert sync_worker("clinics", "show", SPOILT[kind], "-o", "json").json["hsa_id"] == A
    assert sync_worker("log", "list", "--clinic", SPOILT[kind], "-o", "json").json["count"] > 0
    found = sync_worker("clinics", "list", "--search", SPOILT[kind].strip(), "-o", "json").items
    assert [row["hsa_id"] for row in found] == [A]
    replayed = sync_worker(
        "replay", "--archive", "stream.jsonl", "--clinic", SPOILT[kind], "--dry-run"
    )
    assert replayed.stdout.startswith("2 records read")


@pytest.mark.parametrize(
    "none",
    [
        "SE2321000016 -TA01",
        "SE2321000016\u00a0-TA01",
        "SE2321000016_TA01",
        "SЕ2321000016-TA01",
        "SE2321000O16-TA01",
        "SE2321000016-TA01\x00",
        "SE2321000016-TA01\x1a",
        "x" * 65,
    ],
)
@pytest.mark.usefixtures("populated")
def test_an_impossible_id_is_refused_with_its_line(sync_worker, extract, none):
    extract(f"{HEADER}{B},true,01\n{none},true,01\n{OTHERS}")
    told = sync_worker(*SNAPSHOT, "--apply", "--yes", "--accept-short", "-o", "json")
    assert told.exit_code == 2
    assert told.error["message"].startswith("Line 3: ")
    assert sync_worker("clinics", "show", A, "-o", "json").json["active"] is True


@pytest.mark.usefixtures("populated")
def test_an_odd_id_is_believed_where_nobody_is_missing(sync_worker, extract):
    extract(f"{HEADER}{A},true,01\n{B},true,01\n{OTHERS}odd,true,01\n")
    told = sync_worker(*SNAPSHOT, "-o", "json")
    assert {(item["hsa_id"], item["cause"]) for item in told.items} == {("ODD", "missing")}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"{A},true\u200d1,01", "active is 'true\\u200d1'"),
        (f"{A},true,0 1", "region_code is '0 1'"),
        (f"{A},true,0\u200b2", "region_code is '0\\u200b2'"),
        (f"{B}\u200b,false,01", "this HSA-id stands in an earlier line too"),
    ],
)
@pytest.mark.usefixtures("populated")
def test_every_cell_of_an_extract_is_meant_or_refused(sync_worker, extract, row, said):
    extract(f"{HEADER}{B},true,01\n{row}\n{OTHERS}")
    told = sync_worker(*SNAPSHOT, "-o", "json")
    assert (told.exit_code, told.error["message"][:8]) == (2, "Line 3: ")
    assert said in told.error["message"]


SHAPES = {
    "invisible in the header": "\u200bhsa_id,act\xadive,region_code\u2060\n{rows}",
    "invisible in other cells": HEADER + "{unseen}",
    "Ctrl-Z at the end": HEADER + "{rows}\x1a",
    "many of them, with line ends": HEADER + "{rows}\x1a\x1a\r\n",
    "line ends of old Macs": (HEADER + "{rows}").replace("\n", "\r"),
    "mixed line ends": "hsa_id,active,region_code\r" + "{rows}\r\n\r",
    "tabs": "hsa_id\tactive\tregion_code\n{tabs}",
    "delimiters after the last cell": "hsa_id;active;region_code;;\n{semicolons}",
    "a name over two lines": "hsa_id,active,region_code,name\n{named}",
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.usefixtures("populated")
def test_an_extract_is_read_in_every_shape(sync_worker, extract, shape):
    rows = f"{A},true,01\n{B},true,01\n{OTHERS}"
    content = SHAPES[shape].format(
        rows=rows if "Macs" not in shape else rows.replace("\n", "\r"),
        unseen=rows.replace(",", "\u200b,\u2067"),
        tabs=rows.replace(",", "\t"),
        semicolons=rows.replace(",", ";").replace("\n", ";;\n"),
        named=rows.replace("\n", ',"Norr\r\nvåning 2"\n'),
    )
    extract(content)
    told = sync_worker(*SNAPSHOT, "-o", "json")
    named = {"name"} if "name" in shape else set()
    assert {item["fact"] for item in told.items} == named, told.stderr


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp1252"])
@pytest.mark.usefixtures("populated")
def test_an_extract_not_in_utf_8_is_refused(sync_worker, extract, encoding):
    extract(f"{HEADER[:-1]},name\n{A},true,01,Å\n".encode(encoding))
    told = sync_worker(*SNAPSHOT, "-o", "json")
    assert (told.exit_code, told.error["message"][:5]) == (2, "Line ")


@pytest.mark.usefixtures("populated")
def test_a_final_ctrl_z_is_not_a_row(sync_worker, folder):
    for content in (f"{B}\r\n\x1a", f"HSA-id\n{B}\x1a\r\n", "\x1a"):
        (folder / "list.txt").write_bytes(content.encode("utf-16"))
        told = sync_worker("clinics", "import", "list.txt", "--dry-run", "-o", "json")
        assert [item["hsa_id"] for item in told.items] == [B][: content.count(B)]


def test_an_id_named_by_the_e_services_is_never_altered(sync_worker, database, extract):
    odd = "SE2321000016\u200b–TA01"
    events = [activated(odd, 1, regionCode="01"), activated(A, 1, regionCode="01")]
    records = [record(event, offset=offset) for offset, event in enumerate(events)]
    write_archive(database.parent / "odd.jsonl", records)
    assert sync_worker("run", "--archive", "odd.jsonl").exit_code == 0
    (database.parent / "list.txt").write_text(f"{odd}\n{A}\n")
    told = sync_worker("clinics", "import", "list.txt", "-y", "-o", "json")
    assert {item["hsa_id"]: item["outcome"] for item in told.items} == {odd: "added", A: "added"}
    extract(f"{HEADER}{odd},true,01\n{A},true,01\n")
    assert sync_worker(*SNAPSHOT, "-o", "json").items == []
    assert sync_worker("clinics", "remove", odd, "-y", "-o", "json").items[0]["hsa_id"] == odd
    (database.parent / "tak.txt").write_text(f"{odd}\n")
    assert sync_worker("tak", "import", "tak.txt", "-y").exit_code == 0
    assert sync_worker("tak", "list", "-o", "json").items[0]["hsa_id"] == odd
