"""Dead letters of an archive that changed behind its first line, and was adopted."""

import sqlite3

import pytest
from tests.builders import activated, deactivated, numbered, write_archive
from tests.worlds.command_line import A, B, C

IN_USE = "SYNC_WORKER_EVENTS_EXTRA_REGIONS", '["11"]'


@pytest.fixture
def run(database, folder, sync_worker, monkeypatch):
    """Reads an archive; all have one name, and as they begin alike they are the same archive."""
    monkeypatch.setenv("SYNC_WORKER_GUARD_MAX_PERCENT", "100")

    def read(*documents):
        if documents:
            write_archive(folder / "a.jsonl", numbered([activated(A, 0), *documents]))
        return sync_worker("run", "--archive", "a.jsonl", "-o", "json")

    return read


@pytest.fixture
def listed(sync_worker):
    def letters(*options):
        items = sync_worker("deadletters", "list", *options, "-o", "json").items
        return [(item["id"], item["offset"], item["reason"], item["status"]) for item in items]

    return letters


@pytest.fixture
def adopt(sync_worker):
    def reset():
        assert sync_worker("positions", "reset", "--to", "earliest", "--yes").exit_code == 0

    return reset


@pytest.fixture
def adopted(run, adopt):
    """Letters at the offsets 1 to 3; then, adopted and read, a good record at 1, a bad one at 2."""
    assert run(b"{", b"[", b"").json["dead_lettered"] == 3
    assert run(activated(B, 1), activated(C, 1, regionCode="11")).exit_code == 2
    adopt()
    counts = {"read": 3, "applied": 1, "superseded": 1, "ignored": 0, "dead_lettered": 1}
    assert run().json == counts


@pytest.mark.usefixtures("adopted")
def test_a_new_bad_record_at_a_former_offset_is_stored(listed):
    assert listed("--code", "unknown_region") == [(4, 2, "unknown_region", "open")]


@pytest.mark.usefixtures("adopted")
def test_a_new_good_record_at_a_former_offset_closes_nothing(listed):
    assert [number for number, *_ in listed()] == [1, 2, 3, 4]


@pytest.mark.usefixtures("adopted")
def test_reconcile_takes_the_new_record_for_a_fact(sync_worker, database):
    against = ("reconcile", "--against", "archive:a.jsonl", "-o", "json")
    assert sync_worker(*against).items == []
    with sqlite3.connect(database) as edited:
        edited.execute("UPDATE clinic SET active = 0 WHERE hsa_id = ?", (B,))
    edited.close()
    (item,) = sync_worker(*against).items
    assert (item["hsa_id"], item["cause"], item["offset"]) == (B, "edited", 1)


@pytest.mark.usefixtures("adopted")
def test_reading_an_adopted_archive_again_stores_nothing_twice(sync_worker, run, adopt, listed):
    before = listed("--status", "all")
    adopt()
    assert run().json["dead_lettered"] == 1
    assert sync_worker("replay", "--archive", "a.jsonl", "--yes").exit_code == 0
    assert listed("--status", "all") == before


@pytest.mark.usefixtures("adopted")
@pytest.mark.parametrize("reading", ["run", "replay"])
def test_an_understood_record_closes_only_its_own_dead_letter(
    sync_worker, run, adopt, listed, monkeypatch, reading
):
    monkeypatch.setenv(*IN_USE)
    if reading == "run":
        adopt()
        assert run().exit_code == 0
    else:
        assert sync_worker("replay", "--archive", "a.jsonl", "--yes").exit_code == 0
    assert [number for number, *_ in listed()] == [1, 2, 3]


def test_dead_letters_of_one_offset_are_redriven_separately(
    sync_worker, run, adopt, listed, monkeypatch
):
    run(activated(B, 1, regionCode="11"), deactivated(A, 2))
    adopt()
    run(activated(C, 1, regionCode="11"))
    assert [(number, offset) for number, offset, *_ in listed()] == [(1, 1), (2, 1)]
    monkeypatch.setenv(*IN_USE)
    redriven = sync_worker("deadletters", "redrive", "--all", "--yes", "-o", "json").items
    assert [item["outcome"] for item in redriven] == ["applied", "applied"]
    assert listed() == []
    entries = sync_worker("log", "list", "-o", "json").items
    logged = [entry["new"] for entry in entries if entry["change"] == "letter_redriven"]
    assert sorted(logged) == ["1", "2"]
