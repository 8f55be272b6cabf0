"""The list of clinics with a system of their own, replaced by support from a file (R7)."""

import shutil
import sqlite3

import pytest
from tests.worlds.command_line import A, B, C

from sync_worker.administration import tak

# The registry has A (region 01, receiving) and C (03, service off) registered, and B is not.
X = [f"SE2321000016-X{number:02}" for number in range(10)]


@pytest.fixture
def imported(populated, sync_worker, folder):
    """Writes a file and makes it the list."""

    def call(content, *arguments):
        (folder / "tak.txt").write_text(content if isinstance(content, str) else "\n".join(content))
        return sync_worker("tak", "import", "tak.txt", *arguments)

    return call


def listed(sync_worker):
    return [item["hsa_id"] for item in sync_worker("tak", "list", "-o", "json").items]


def status(sync_worker, hsa_id):
    return sync_worker("clinics", "show", hsa_id, "-o", "json").json["status"]


def test_the_list_is_replaced_whole(imported, sync_worker):
    assert imported([A, X[0]], "-y").exit_code == 0
    assert listed(sync_worker) == [A, X[0]]
    told = imported([X[1], X[0].lower(), X[0]], "-y", "-o", "json")
    assert told.exit_code == 0
    assert [(item["hsa_id"], item["outcome"], item["line"]) for item in told.items] == [
        (A, "removed", None),
        (X[0], "kept", 2),
        (X[1], "added", 1),
    ]
    assert told.json["summary"] == {"added": 1, "removed": 1, "kept": 1}
    assert listed(sync_worker) == [X[0], X[1]]


def test_clinics_that_stop_or_start_receiving_are_always_named(imported, sync_worker):
    told = imported([A, B, C], "-y", "-q", "-o", "json")
    assert told.json["stops_receiving"] == [A]
    assert told.json["own_system"] == [A, C]
    assert f"1 registered clinic stops receiving cases here:\n  {A}\n" in told.stderr
    assert "2 clinics are in TAK and registered here." in told.stderr
    assert status(sync_worker, A) == "own_system"
    told = imported([B, C, X[0]], "-y", "-q", "-o", "json")
    assert told.json["starts_receiving"] == [A]
    assert status(sync_worker, A) == "receiving"


def test_a_registered_clinic_in_the_list_needs_attention(imported, sync_worker):
    imported([A, X[0]], "-y")
    sentences = sync_worker("status", "-o", "json").json["attention"]
    assert (
        "1 registered clinic is also in TAK, and so receives no cases here: sync-worker tak list"
        in sentences
    )


def test_only_a_clinic_outside_the_list_can_be_added(imported, sync_worker):
    imported([B], "-y")
    assert sync_worker("clinics", "add", B, "-o", "json").items[0]["reason"] == "own_system"
    imported([X[0]], "-y")
    assert sync_worker("clinics", "add", B).exit_code == 0


@pytest.mark.parametrize(("size", "exit_code"), [(10, 0), (8, 0), (7, 4), (0, 4)])
def test_a_list_that_shrank_by_a_fifth_is_refused(imported, sync_worker, size, exit_code):
    imported(X, "-y")
    told = imported(X[:size], "-y")
    assert told.exit_code == exit_code
    assert listed(sync_worker) == (X if exit_code else X[:size])
    assert imported(X[:size], "-y", "--accept-short").exit_code == 0
    assert listed(sync_worker) == X[:size]


def test_a_dry_run_refuses_a_shrunken_list_too(imported):
    imported(X, "-y")
    told = imported(X[:1], "--dry-run")
    assert told.exit_code == 4
    assert "--accept-short" in told.stderr


def test_a_first_list_may_be_of_any_size(imported):
    assert imported("", "-y").exit_code == 0
    assert imported([X[0]], "-y").exit_code == 0


def test_a_file_with_an_invalid_id_is_refused_whole(imported, sync_worker):
    imported([X[0]], "-y")
    told = imported([X[0], "12345", X[1]], "-y", "-o", "json")
    assert told.exit_code == 4
    assert [(item["line"], item["outcome"], item["reason"]) for item in told.items] == [
        (1, "not_done", None),
        (2, "refused", "malformed_hsa_id"),
        (3, "not_done", None),
    ]
    assert told.json["summary"] == {"malformed_hsa_id": 1, "not_done": 2}
    assert "line 2" in told.stderr
    assert listed(sync_worker) == [X[0]]


def test_without_a_yes_the_plan_is_only_shown(imported, sync_worker):
    told = imported([A])
    assert (told.exit_code, told.stdout) == (2, "")
    assert f"1 to be added:\n  {A}\n" in told.stderr
    assert listed(sync_worker) == []
    told = imported([A], "--dry-run", "-o", "json")
    assert (told.exit_code, told.json["stops_receiving"]) == (0, [A])
    assert listed(sync_worker) == []


def test_nothing_is_asked_where_the_list_is_that_already(imported):
    imported([A], "-y")
    assert imported([A.lower()]).exit_code == 0


def test_who_changed_the_list_and_why_is_in_the_log(imported, sync_worker):
    imported([A], "-y", "--actor", "support1", "--ticket", "INC7", "--reason", "ny integration")
    imported([X[0]], "-y", "--actor", "support2", "--ticket", "INC8")
    history = sync_worker("clinics", "show", A, "--history", "-o", "json").json["history"]
    assert [(entry["change"], entry["actor"], entry["reason"]) for entry in history[:2]] == [
        ("own_system_removed", "support2", "INC8"),
        ("own_system_added", "support1", "INC7: ny integration"),
    ]


def test_a_list_changed_since_the_plan_is_left_alone(imported, populated, sync_worker, monkeypatch):
    plan = tak.plan

    def planned(*arguments):
        made = plan(*arguments)
        with sqlite3.connect(populated) as connection:
            connection.execute("INSERT INTO own_system (hsa_id) VALUES (?)", [X[9]])
        connection.close()
        return made

    monkeypatch.setattr(tak, "plan", planned)
    told = imported([A], "-y", "-o", "json")
    assert (told.exit_code, told.stdout) == (4, "")
    assert "changed_meanwhile" in told.stderr
    assert listed(sync_worker) == [X[9]]


def test_support_s_own_credentials_are_used(imported, sync_worker, populated, monkeypatch):
    other = populated.with_name("support.db")
    shutil.copy(populated, other)
    monkeypatch.setenv("SYNC_WORKER_SUPPORT_DATABASE_URL", f"sqlite:///{other}")
    imported([A], "-y")
    assert listed(sync_worker) == []
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", f"sqlite:///{other}")
    assert listed(sync_worker) == [A]


def test_the_list_shows_what_is_known_of_each(imported, sync_worker):
    imported([A, X[0]], "-y")
    known, unknown = sync_worker("tak", "list", "-o", "json").items
    assert known == {
        "hsa_id": A,
        "name": "Exempelkliniken",
        "region_code": "01",
        "active": True,
        "registered": True,
    }
    assert unknown == {
        "hsa_id": X[0],
        "name": None,
        "region_code": None,
        "active": None,
        "registered": False,
    }
