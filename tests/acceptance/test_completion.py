"""What shells complete once it is installed as docs/commands.md says, on a new account."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.harness.command import INSTALLED, without_settings

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()
BLOCK = re.compile(r"^(bash|zsh|fish)\b[^\n]*:\n```\n(.*?)```", re.MULTILINE | re.DOTALL)
INSTALLATION = dict(BLOCK.findall(PAGE))
"""What the document says to type in each shell."""
BASH_FILE = ".local/share/bash-completion/completions/sync-worker"
TYPED = 'COMP_WORDS=(sync-worker "$@"); COMP_CWORD=$#; _sync_worker_completion sync-worker;'
PRINT = 'printf "%s\\n" "${COMPREPLY[@]}"'
LINE_OF_ZSHRC = re.search(r"in `~/.zshrc` the line `([^`]*)`", PAGE)[1]  # type: ignore[index]
ZSHRC = f"PS1='ready> '; autoload -Uz compinit; compinit -u -D\n{LINE_OF_ZSHRC}\n"
PRESS_TAB = """
zmodload zsh/zpty
zpty shell zsh -i
zpty -r -m shell shown '*ready> *'
zpty -w -n shell "$1"$'\\t'
zpty -r -m shell shown "*$2*"
zpty -d shell
"""
"""An interactive zsh at a terminal of its own, until it has completed what was typed."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Settings by which no database can be reached; the installed command is found first."""
    path = os.pathsep.join([str(INSTALLED.parent), os.environ["PATH"]])
    url = "postgresql://nobody@127.0.0.1:1/none"
    elsewhere = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "ZDOTDIR")
    inherited = {k: v for k, v in without_settings(os.environ).items() if k not in elsewhere}
    home = {"HOME": str(tmp_path), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    return inherited | home | {"PATH": path, "SYNC_WORKER_DATABASE_URL": url}


def run(environment: dict[str, str], *command: str) -> list[str]:
    """The lines that a shell prints; it finds nothing wrong."""
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def install(environment: dict[str, str], shell: str) -> None:
    """As the document says, typed in this shell."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    run(environment, shell, "-c", INSTALLATION[shell])


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
def test_bash_completes_commands_and_options_but_no_ids(environment, tmp_path, words, offered):
    install(environment, "bash")
    command = f"source {tmp_path / BASH_FILE}; {TYPED} {PRINT}"
    assert run(environment, "bash", "--norc", "-c", command, "bash", *words) == offered


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("dead", ["deadletters\tInspect dead letters, and redrive, discard..."]),
        ("status --output j", ["json"]),
        ("clinics show ", []),
    ],
)
def test_fish_completes_and_describes_commands_but_no_ids(environment, typed, offered):
    install(environment, "fish")
    answered = run(environment, "fish", "-c", f"complete -C 'sync-worker {typed}'")
    assert answered == offered


@pytest.mark.parametrize(
    ("typed", "completed"),
    [("sync-worker dead", "deadletters"), ("sync-worker status --output j", "json")],
)
def test_zsh_completes_what_is_typed(environment, tmp_path, typed, completed):
    install(environment, "zsh")
    (tmp_path / ".zshrc").write_text(ZSHRC)
    run(environment, "zsh", "-f", "-c", PRESS_TAB, "zsh", typed, completed)
