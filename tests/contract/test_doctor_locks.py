"""The check of locks on every database: what it says where nobody waits, and of a file."""

from datetime import UTC, datetime

import pytest

from sync_worker.inspection.checks_locks import LockChecks
from sync_worker.inspection.doctor import Finding, State
from sync_worker.registry.database import Registry


def look(registry: Registry) -> Finding:
    checks = LockChecks(lambda: registry, lambda: datetime.now(UTC)).all()
    return checks[0].look()


def test_a_quiet_database_has_nobody_who_blocks(registry):
    assert look(registry).state is State.OK


def test_a_locked_file_is_reported_without_a_name(registry, registry_url):
    if not registry_url.startswith("sqlite"):
        pytest.skip("a server names who has a lock")
    with registry.transaction() as writing:
        writing.connection.exec_driver_sql("SELECT 1")
        finding = look(registry)
    assert finding.state is State.FAIL
    assert "has been since" in finding.detail
    assert "SQLite does not tell" in finding.detail
