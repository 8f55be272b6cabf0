"""`make audit ADVISORIES=FOLDER` finds what is locked and affected, and says what it knows."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from tests.harness.tools import load_tool

ROOT = Path(__file__).parents[2]
MODIFIED = "2024-10-10T17:35:05Z"


def advisory(name="some-package", ecosystem="PyPI", identifier="PYSEC-1", **affected):
    package = {"ecosystem": ecosystem, "name": name}
    return {
        "id": identifier,
        "modified": MODIFIED,
        "aliases": ["CVE-1"],
        "summary": "It bites.",
        "affected": [{"package": package, **affected}],
    }


def between(*events):
    return {"ranges": [{"type": "ECOSYSTEM", "events": [dict([event]) for event in events]}]}


class Audited(NamedTuple):
    """What comparing gave."""

    code: int
    stdout: str
    stderr: str


@pytest.fixture(scope="module")
def tool():
    return load_tool("audit")


@pytest.fixture
def audited(tmp_path, tool, capsys):
    """Compares a lock with one version of some-package with advisories, as make does."""

    def audit(version, *advisories, suffix=".yaml"):
        folder = tmp_path / "advisories"
        folder.mkdir(exist_ok=True)
        for number, each in enumerate(advisories):
            text = yaml.safe_dump(each) if suffix == ".yaml" else json.dumps(each)
            folder.joinpath(f"{number}{suffix}").write_text(text)
        lock = tmp_path / "some.lock"
        lock.write_text(f"some-package=={version} ; python_version > '3' \\\n    --hash=sha256:0\n")
        return Audited(tool.main([str(folder), str(lock)]), *capsys.readouterr())

    return audit


BEFORE_2 = between(("introduced", "0"), ("fixed", "2.0"))
AGAIN = between(("introduced", "1.0"), ("fixed", "1.5"), ("introduced", "3.0"))
UNTIL = between(("introduced", "1.0"), ("last_affected", "1.5"))


@pytest.mark.parametrize(
    ("version", "affected", "code"),
    [
        ("1.9", BEFORE_2, 1),
        ("2.0", BEFORE_2, 0),
        ("2.0rc1", BEFORE_2, 1),
        ("10.0", BEFORE_2, 0),
        ("0.9", AGAIN, 0),
        ("1.0", AGAIN, 1),
        ("2.0", AGAIN, 0),
        ("3.0", AGAIN, 1),
        ("1.5", UNTIL, 1),
        ("1.5.1", UNTIL, 0),
        ("1.0", {"versions": ["1.0.0"]}, 1),
        ("1.1", {"versions": ["1.0.0", "not a version"]}, 0),
        ("1.1", {"versions": ["1.0"], **BEFORE_2}, 1),
    ],
)
def test_what_is_affected_is_found_and_nothing_else(audited, version, affected, code):
    done = audited(version, advisory(**affected))
    assert done.code == code, done.stdout + done.stderr
    assert ("PYSEC-1, CVE-1: It bites." in done.stdout) is bool(code)


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_names_are_compared_as_the_index_does(audited, suffix):
    done = audited("1.0", advisory("Some_Package", **BEFORE_2), suffix=suffix)
    assert done.code == 1


def test_advisories_of_others_and_withdrawn_ones_do_not_count(audited):
    withdrawn = {**advisory(**BEFORE_2), "withdrawn": MODIFIED}
    other = advisory(ecosystem="npm", **BEFORE_2)
    done = audited("1.0", withdrawn, other, advisory("other-package", **BEFORE_2))
    assert done.code == 0
    assert "2 advisories" in done.stdout


def test_how_old_the_advisories_are_is_said(audited):
    done = audited("1.0", advisory("other-package", **BEFORE_2))
    assert "1 advisories, the newest of 2024-10-10" in done.stdout
    assert "get a newer copy" in done.stdout


def test_without_advisories_nothing_is_found_sound(audited):
    done = audited("1.0")
    assert (done.code, "There is no advisory" in done.stderr) == (2, True)
