"""How checks are run: each by itself, with a deadline, and what it needs before it."""

import threading

import pytest

from sync_worker.cli.remedies import in_words
from sync_worker.inspection.doctor import (
    Check,
    Finding,
    State,
    fail,
    ok,
    run_checks,
    skip,
    warn,
)
from sync_worker.registry.dialect import MissingDatabase, NoPlaceForDatabase
from sync_worker.registry.schema import WrongRevision
from sync_worker.streams.protocol import StreamError, StreamUnavailable


def found(*checks: Check, seconds: float = 10) -> dict[str, State]:
    return {name: finding.state for name, finding in run_checks(checks, seconds).items()}


def told(finding: Finding):
    return lambda: finding


def raising(error: Exception):
    def look() -> Finding:
        raise error

    return look


def test_findings_come_in_the_order_of_the_checks():
    checks = [
        Check("late", told(ok("fine")), ("early",)),
        Check("early", told(warn("hm", "do"))),
        Check("last", told(skip("no"))),
    ]
    assert list(found(*checks).items()) == [("late", "ok"), ("early", "warn"), ("last", "skip")]


@pytest.mark.parametrize(
    ("before", "state"),
    [(fail("x", "y"), State.SKIP), (skip("no"), State.OK), (warn("x", "y"), State.OK)],
)
def test_one_that_follows_another_is_looked_at_unless_that_failed(before, state):
    checks = [Check("late", told(ok("fine")), follows=("early",)), Check("early", told(before))]
    assert found(*checks)["late"] is state


def test_a_hanging_check_holds_up_nothing_else():
    forever = threading.Event()

    def hang() -> Finding:
        forever.wait()
        return ok("too late")

    findings = run_checks([Check("hangs", hang), Check("quick", told(ok("fine")))], 0.2)
    hung = next(t for t in threading.enumerate() if t.name == "hangs")
    assert hung.daemon
    forever.set()
    hung.join(10)
    assert findings["quick"].state is State.OK
    assert findings["hangs"].state is State.FAIL
    assert "within 0.2 s" in findings["hangs"].detail


def test_one_that_breaks_hides_no_other():
    findings = run_checks(
        [Check("broken", raising(KeyError("x"))), Check("next", told(ok("fine")))]
    )
    assert findings["broken"].state is State.FAIL
    assert "KeyError" in findings["broken"].detail
    assert findings["next"].state is State.OK


def test_what_needs_something_that_failed_is_not_looked_at():
    never = raising(AssertionError("looked at"))
    findings = run_checks(
        [
            Check("bad", told(fail("no", "do"))),
            Check("next", never, ("bad",)),
            Check("after", never, ("next",)),
            Check("fine", told(ok("yes")), ("odd",)),
            Check("odd", told(warn("hm", "do"))),
        ]
    )
    assert findings["next"] == findings["after"] == skip("Not checked, because bad failed.")
    assert findings["fine"].state is State.OK


def test_a_check_without_its_condition_does_not_apply():
    findings = run_checks(
        [Check("off", told(skip("not here"))), Check("next", raising(KeyError()), ("off",))]
    )
    assert findings["next"] == skip("not here")


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (StreamError("What.", "Why.", "Do this."), "Do this."),
        (StreamUnavailable("no broker"), "BOOTSTRAP_SERVERS"),
        (MissingDatabase("there.db"), "db upgrade"),  # type: ignore[arg-type]
        (NoPlaceForDatabase("there"), "DATABASE_URL"),  # type: ignore[arg-type]
        (WrongRevision("0001"), "db upgrade"),
    ],
)
def test_an_error_fails_the_check_and_names_the_fix(error, fix):
    finding = run_checks([Check("it", raising(error))])["it"]
    assert finding.state is State.FAIL
    assert fix in str(in_words(finding.fix))
    assert finding.detail[0].isupper()
