"""Two workers that are upgraded under load, one after the other, schema first."""

import sys
from pathlib import Path

from tests.endurance.closing import close
from tests.endurance.crew import started
from tests.endurance.load import Load
from tests.endurance.plan import Plan
from tests.endurance.progress import seconds_until_all_move
from tests.endurance.report import Section
from tests.real.worker.stage import Running, Stage
from tests.real.worker.streams import REGISTERED
from tests.worlds.next_version import CONTRACTED, EXPANDED, OURS, VERSIONS, create_migrations

_PER_SECOND = 200


def run_as(stage: Stage, folder: Path, *arguments: str) -> Running:
    """Start a command of the version whose migrations are in the folder."""
    program = (sys.executable, "-m", "tests.worlds.next_version", folder)
    return stage.program(*program, "-o", "json", *arguments)


def upgrade_as(stage: Stage, folder: Path) -> str:
    """Have that version bring the schema to its revision; what it says on stderr."""
    done = run_as(stage, folder, "db", "upgrade").ended()
    assert done.exit_code == 0, done
    return done.stderr


def versions(stage: Stage) -> list[str]:
    """Of the workers that `status` of this version shows."""
    return sorted(worker["version"] for worker in stage("status").json["workers"])


def test_two_workers_are_upgraded_while_they_run(
    stage: Stage, plan: Plan, section: Section, tmp_path: Path
) -> None:
    """Two workers share the partitions under load, and the next version upgrades the schema.

    They run beside a migration that only adds. A worker of the next version joins them, and takes
    the place of one; the other keeps running until the version after next takes away what it needs:
    it is refused, clearly, and those of the next version read on.
    """
    following, last = (
        create_migrations(tmp_path / revision, revision) for revision in (EXPANDED, CONTRACTED)
    )
    old = started(stage, 2)
    (ours, _) = versions(stage)
    with Load(stage, plan.seed, _PER_SECOND) as load:
        told = upgrade_as(stage, following)
        assert f"Programs for revision {OURS} and later keep running at {EXPANDED}" in told
        section.add(
            "all partitions read on beside the new schema after, s",
            seconds_until_all_move(stage, load),
        )
        new = [run_as(stage, following, "run")]
        stage.until_ready(*old, *new, seconds=90)
        section.add(
            "all partitions read on by both versions after, s", seconds_until_all_move(stage, load)
        )
        assert versions(stage) == [ours, ours, VERSIONS[EXPANDED]]
        assert old.pop().stop() == 0
        new.append(run_as(stage, following, "run"))
        stage.until_ready(*old, *new, seconds=90)
        section.add(
            "all partitions read on by two of the next after, s",
            seconds_until_all_move(stage, load),
        )
        upgrade_as(stage, last)
        refused = old[0].ended()
        section.add(
            "all partitions read on without the old one after, s",
            seconds_until_all_move(stage, load),
        )
    assert refused.exit_code == 2
    assert f"The database's schema is at revision {CONTRACTED}." in refused.stderr
    assert f"for revision {EXPANDED} and later" in refused.stderr
    for command in ("status", "doctor"):
        said = stage(command)
        assert CONTRACTED in said.stdout + said.stderr, said
    close(stage, load.produced, REGISTERED, section)
    marks = stage.query("SELECT DISTINCT last_program FROM position")
    assert {mark["last_program"] for mark in marks} == {VERSIONS[EXPANDED]}
    stage.until_ready(*new)
