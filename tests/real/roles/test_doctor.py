"""No role is told of failures that are none: each check works with its rights, or is skipped."""

import pytest

from sync_worker.registry.roles import ADMIN, SUPPORT, WORKER
from tests.real.roles.world import settings

SKIPPED = {
    WORKER: set(),
    ADMIN: {"unknown_types", "holds"},
    SUPPORT: {
        *("newest_event", "unknown_types", "dead_letters", "registrations", "reconciled", "holds"),
        "workers",
    },
}
"""What a role may not look at, by its rights; another role can."""


@pytest.fixture
def findings(users, database, monkeypatch, sync_worker):
    """What the doctor finds as a role's user, by the ids of the checks; how it ends."""

    def found(role, **environment):
        settings(monkeypatch, users.url(role, database))
        done = sync_worker("doctor", "-o", "json", **environment)
        return {item["id"]: item for item in done.items}, done.exit_code

    return found


@pytest.mark.parametrize("role", SKIPPED)
def test_no_role_is_told_of_a_failure(findings, role):
    found, exit_code = findings(role)
    assert [item for item in found.values() if item["status"] == "fail"] == []
    assert exit_code == 0


@pytest.mark.parametrize("role", SKIPPED)
def test_a_check_beyond_a_roles_rights_names_who_can(findings, users, role):
    found, _ = findings(role)
    skipped = {name: item["detail"] for name, item in found.items() if "Not for" in item["detail"]}
    assert skipped.keys() == SKIPPED[role]
    sentence = (
        f"Not for the user {users.names[role]}, who has the role {role}: a user with the role "
        f"{WORKER} can check this."
    )
    assert set(skipped.values()) <= {sentence}
    assert {found[name]["status"] for name in skipped} <= {"skip"}
