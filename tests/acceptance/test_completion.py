"""What shells complete, as docs/commands.md says how to install it."""

import os
import subprocess
from pathlib import Path

import pytest
from tests.harness.command import INSTALLED, without_settings

TYPED = 'COMP_WORDS=(sync-worker "$@"); COMP_CWORD=$#; _sync_worker_completion sync-worker;'
PRINT = 'printf "%s\\n" "${COMPREPLY[@]}"'


@pytest.fixture
def environment() -> dict[str, str]:
    """Settings by which no database can be reached; the installed command is found first."""
    path = os.pathsep.join([str(INSTALLED.parent), os.environ["PATH"]])
    url = "postgresql://nobody@127.0.0.1:1/none"
    return without_settings(os.environ) | {"PATH": path, "SYNC_WORKER_DATABASE_URL": url}


@pytest.fixture
def script(environment: dict[str, str], tmp_path: Path) -> Path:
    asked = environment | {"_SYNC_WORKER_COMPLETE": "bash_source"}
    done = subprocess.run([INSTALLED], env=asked, check=True, capture_output=True, text=True)
    path = tmp_path / "sync-worker"
    path.write_text(done.stdout)
    return path


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["dead"], ["deadletters"]),
        (["deadletters", "re"], ["redrive"]),
        (["status", "--out"], ["--output"]),
        (["status", "--output", "j"], ["json"]),
        (["clinics", "show", ""], [""]),
        (["deadletters", "show", ""], [""]),
    ],
    ids=" ".join,
)
def test_bash_completes_commands_and_options_but_no_ids(environment, script, words, offered):
    command = f"source {script}; {TYPED} {PRINT}"
    done = subprocess.run(
        ["bash", "--norc", "-c", command, "bash", *words],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout.splitlines(), done.stderr) == (offered, "")


@pytest.mark.parametrize(
    ("shell", "answered"),
    [
        ("zsh", "plain\nclinics\nList, show, add, import and remove clinics"),
        ("fish", "plain,clinics\tList, show, add, import and remove clinics"),
    ],
)
def test_zsh_and_fish_are_told_what_a_command_does(environment, shell, answered):
    typed = {"COMP_WORDS": "sync-worker clin", "COMP_CWORD": "clin" if shell == "fish" else "1"}
    asked = environment | typed | {"_SYNC_WORKER_COMPLETE": f"{shell}_complete"}
    done = subprocess.run([INSTALLED], env=asked, check=True, capture_output=True, text=True)
    assert done.stdout.startswith(answered)
