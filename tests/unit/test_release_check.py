"""What a release must be, as `make release-check` finds it."""

import subprocess
from pathlib import Path

import pytest
from tests.harness.tools import load_tool

ROOT = Path(__file__).parents[2]
SCHEMA = Path("src/sync_worker/registry/schema.py")


@pytest.fixture(scope="module")
def release_check():
    return load_tool("release_check")


@pytest.fixture
def folder(tmp_path):
    """A project whose release 1.0.0 was for revision 0020, and that is at 1.1.0."""
    (tmp_path / SCHEMA).parent.mkdir(parents=True)
    git(tmp_path, "init")
    put(tmp_path, head="0020", compatible_from="0018", heading="1.0.0, 2026-12-01")
    git(tmp_path, "tag", "v1.0.0")
    put(tmp_path, head="0022", compatible_from="0020", heading="1.1.0, 2027-01-15")
    git(tmp_path, "tag", "v1.1.0")
    return tmp_path


def git(folder, *arguments):
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def put(folder, head, compatible_from, heading):
    schema = f'HEAD = "{head}"\nCOMPATIBLE_FROM = "{compatible_from}"\n'
    (folder / SCHEMA).write_text(schema)
    (folder / "CHANGELOG.md").write_text(f"# Changelog\n\n## {heading}\n- It works.\n")
    git(folder, "add", ".")
    git(folder, "commit", "-m", heading)


def test_a_release_beside_which_the_one_before_runs_is_fine(release_check, folder):
    assert list(release_check.faults(folder, "1.1.0")) == []


def test_a_commit_without_a_tag_is_no_release(release_check, folder):
    (fault,) = release_check.faults(folder, "1.1.1.dev3+g0123456")
    assert "tag the commit" in fault


def test_a_changelog_that_is_not_dated_is_found(release_check, folder):
    put(folder, "0022", "0020", heading="1.1.0, unreleased")
    assert list(release_check.faults(folder, "1.1.0")) == [
        "CHANGELOG.md does not begin with 1.1.0 and a date."
    ]


def test_a_release_that_stops_the_one_before_is_found(release_check, folder):
    put(folder, "0022", "0021", heading="1.1.0, 2027-01-15")
    git(folder, "tag", "--delete", "v1.1.0")
    (fault,) = release_check.faults(folder, "1.1.0")
    assert "Workers of v1.0.0, for revision 0020, do not run beside this schema" in fault


def test_the_program_has_both_constants(release_check):
    source = (ROOT / SCHEMA).read_text()
    assert release_check._constant("COMPATIBLE_FROM", source) <= release_check._constant(
        "HEAD", source
    )
