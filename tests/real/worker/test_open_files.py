"""What is told by processes that may have few files and connections open."""

import resource

import pytest

from tests.harness.command import INSTALLED
from tests.services.waiting import until

LIMIT = "at its limit of"


def limit_to(process, count):
    """Let a process that runs open nothing more than it may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (count, most))


def says(worker, event):
    """Whether its log has an event that names the limit."""
    return any(LIMIT in str(entry) for entry in worker.logged(event))


def limited(stage, count, *arguments):
    """A command that may open nothing more than so much, from its start."""
    words = f'ulimit -n {count}; exec "$0" "$@"'
    return stage.program("sh", "-c", words, INSTALLED, *arguments)


def test_a_worker_says_that_it_can_open_nothing_more(stage, breakable_postgres):
    worker = stage.caught_up()
    stage.until_ready(worker)
    limit_to(worker.process, 4)
    until(lambda: says(worker, "open_files_used_up"), "the limit to be told")
    breakable_postgres.stop()
    breakable_postgres.start()
    until(lambda: says(worker, "database_unavailable"), "the reason to be told")
    limit_to(worker.process, 1024)
    stage.until_ready(worker)
    assert worker.stop() == 0


@pytest.mark.parametrize("limit", [8, 11, 13])
def test_a_worker_that_cannot_start_says_why(stage, limit):
    worker = limited(stage, limit, "run")
    until(lambda: f"{LIMIT} {limit} " in worker.output, "the limit to be told")
    assert worker.stop() == 0


@pytest.mark.parametrize("limit", [8, 9, 10])
def test_doctor_takes_a_limit_for_no_fault_of_the_program(stage, limit):
    doctor = limited(stage, limit, "doctor", "-o", "json")
    assert doctor.process.wait(60) == 3
    assert "LimitNOFILE" in doctor.output
    assert "bug" not in doctor.output
