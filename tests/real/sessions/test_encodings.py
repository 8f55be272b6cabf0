"""Databases whose encoding is not UTF-8: what they cannot hold is set aside, the rest goes on."""

import json

import psycopg
import pytest

from tests.builders import activated, numbered, write_archive
from tests.real.roles.world import settings
from tests.real.sessions import story
from tests.services.postgres import drop_database

pytestmark = pytest.mark.real


@pytest.fixture
def encoded(postgres, monkeypatch):
    """Makes databases of an encoding, and names each in the settings."""
    made = []

    def make(encoding):
        made.append(f"encoded_{encoding.lower()}")
        statement = (
            f"CREATE DATABASE {made[-1]} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
        )
        with psycopg.connect(postgres.url, autocommit=True) as server:
            server.execute(statement.encode())
        url = postgres.url.rpartition("/")[0] + f"/{made[-1]}"
        settings(monkeypatch, url)
        return url

    yield make
    for name in made:
        drop_database(postgres.url, name)


def test_a_database_without_an_encoding_holds_every_character(encoded, tell, database_url):
    expected = tell(database_url)
    told = tell(encoded("SQL_ASCII"))
    assert without_the_doctor(told) == without_the_doctor(expected)


def test_bytes_that_others_wrote_into_such_a_database_stop_nobody(encoded, sync_worker, tmp_path):
    url = encoded("SQL_ASCII")
    sync_worker("db", "upgrade")
    archive = str(story.archive(tmp_path))
    assert sync_worker("run", "--archive", archive)[0] == 0
    with psycopg.connect(url, client_encoding="latin1") as other:
        other.execute("UPDATE clinic SET name = 'Åkliniken' WHERE hsa_id = %s", [story.A])
    _, said = sync_worker("clinics", "show", story.A)
    assert json.loads(said)["name"] == "\ufffdkliniken"
    assert sync_worker("replay", "--archive", archive, "--yes")[0] == 0
    _, said = sync_worker("reconcile", "--against", f"archive:{archive}")
    assert [item["cause"] for item in json.loads(said)["items"]] == ["edited"]


def test_what_latin_1_cannot_hold_is_dead_lettered(encoded, sync_worker, tmp_path):
    encoded("LATIN1")
    exit_code, said = sync_worker("db", "upgrade")
    assert (exit_code, json.loads(said)["before"]) == (3, None)
    dashes = [activated(f"SE2321000016-D{n:03}", n, name=f"Klinik – {n}") for n in range(40)]
    others = [activated(f"SE2321000016-O{n:03}", n, name=f"Åmottagning {n}") for n in range(40)]
    mixed = [event for pair in zip(dashes, others, strict=True) for event in pair]
    archive = write_archive(tmp_path / "mixed.jsonl", numbered(mixed))
    exit_code, said = sync_worker("run", "--archive", str(archive))
    assert exit_code == 0
    assert json.loads(said) | {"read": 80} == {
        "read": 80,
        "applied": 40,
        "superseded": 0,
        "ignored": 0,
        "dead_lettered": 40,
    }
    _, said = sync_worker("deadletters", "list")
    assert {letter["reason"] for letter in json.loads(said)["items"]} == {"database_rejected"}


def test_an_odd_id_or_type_stops_no_latin_1_database(encoded, sync_worker, tmp_path):
    encoded("LATIN1")
    sync_worker("db", "upgrade")
    odd = "SE2321000016\u2013B"
    events = [
        activated(odd, 0),
        activated(odd, 1, regionCode="\u2013"),
        activated(story.A, 2) | {"type": "\u201ceservices.clinic.activated.v1\u201d"},
        activated(story.A, 3) | {"type": "eservices.clinic.activated.v1.\u2013"},
        activated(story.A, 4),
    ]
    archive = write_archive(tmp_path / "odd.jsonl", numbered(events))
    exit_code, said = sync_worker("run", "--archive", str(archive))
    assert exit_code == 0, said
    counts = {"read": 5, "applied": 1, "superseded": 0, "ignored": 1, "dead_lettered": 3}
    assert json.loads(said) == counts
    _, said = sync_worker("deadletters", "list")
    reasons = [letter["reason"] for letter in json.loads(said)["items"]]
    assert reasons == ["database_rejected", "unknown_region", "unsupported_version"]
    assert sync_worker("deadletters", "redrive", "--all", "--yes")[0] == 3
    for how in ("--dry-run", "--yes"):
        exit_code, said = sync_worker("replay", "--archive", str(archive), how)
        assert exit_code == 0, said


def test_a_command_says_which_encoding_lacks_a_character(encoded, sync_worker, tmp_path):
    encoded("LATIN1")
    sync_worker("db", "upgrade")
    sync_worker("run", "--archive", str(story.archive(tmp_path)))
    exit_code, said = sync_worker("clinics", "add", "SE2321000016-TC01", "--reason", "Order – 17")
    assert exit_code == 2
    assert "LATIN1" in said


@pytest.mark.parametrize(("encoding", "status"), [("SQL_ASCII", "warn"), ("LATIN1", "fail")])
def test_the_doctor_and_an_upgrade_tell_of_an_encoding(encoded, sync_worker, encoding, status):
    encoded(encoding)
    assert sync_worker("db", "upgrade")[0] == (3 if status == "fail" else 0)
    _, said = sync_worker("doctor")
    found = {check["id"]: check for check in json.loads(said)["items"]}["encoding"]
    assert (found["status"], encoding in found["detail"]) == (status, True)


def without_the_doctor(told):
    return [one for one in told if (one[1].get("items") or [{}])[0].get("status") != "ok"]
