"""The commands that the documents show work as shown."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from tests.harness.command import INSTALLED

from sync_worker.cli.main import root

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
# A call that needs no shell: settings, the command, its arguments, what is printed if it fails.
CALL = re.compile(r"""((?:\w+=\S+ )*)sync-worker ([^|$<>&;]*?)( \|\| echo "exit code \$\?")?""")
INLINE = re.compile(r"`(sync-worker [^`]+)`")


def steps(document):
    """Each command of a document's console blocks, with the output shown under it."""
    for block in CONSOLE.findall(document.read_text(encoding="utf-8")):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = step.partition("\n")
            yield command, output


def pattern(shown):
    """The output as shown, where … stands for whatever is there."""
    return re.escape(shown).replace("…", ".*").replace(r"\ ", " ")


@pytest.fixture
def shell(sync_worker, folder):
    """Has a line of the shell done; what it prints."""
    path = f"{INSTALLED.parent}:/usr/bin:/bin"

    def do(line):
        call = CALL.fullmatch(line)
        if call is None:
            done = subprocess.run(
                ["/bin/sh", "-c", line],
                env=os.environ | {"PATH": path},
                capture_output=True,
                check=False,
            )
            return done.stdout.decode()
        settings, arguments, otherwise = call.groups()
        environment = dict(word.split("=", 1) for word in shlex.split(settings))
        done = sync_worker(*shlex.split(arguments), **environment)
        failed = otherwise and done.exit_code != 0
        return done.stdout + (f"exit code {done.exit_code}\n" if failed else "")

    return do


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if list(steps(d))], ids=lambda d: d.name)
def test_a_document_shows_what_its_commands_print(document, shell, folder):
    for archive in ROOT.glob("examples/*.jsonl"):
        shutil.copy(archive, folder)
    for command, shown in steps(document):
        printed = shell(command)
        assert re.fullmatch(pattern(shown), printed, re.DOTALL), f"$ {command}\n{printed}"


def mentioned(document):
    """Every other mention of a command that can be typed as it stands."""
    text = document.read_text(encoding="utf-8")
    outside = CONSOLE.sub("", text)
    continued = re.compile(r"\\\n\s*")
    blocks = [continued.sub("", block) for block in BLOCK.findall(outside)]
    lines = [line for block in blocks for line in block.splitlines()]
    commands = [line.strip() for line in lines if line.strip().startswith("sync-worker ")]
    return [*commands, *INLINE.findall(BLOCK.sub("", outside))]


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if mentioned(d)], ids=lambda d: d.name)
def test_every_command_that_a_document_names_exists(document):
    for line in mentioned(document):
        command: click.Command = root
        words = shlex.split(line.partition("|")[0])[1:]
        context = click.Context(root)
        while words and isinstance(command, click.Group) and not words[0].startswith("-"):
            name = words.pop(0)
            found = command.get_command(context, name)
            assert found is not None, f"{line}: there is no command {name!r}"
            command = found
        known = {option for parameter in command.params for option in parameter.opts}
        unknown = {word for word in words if re.match("--[a-z]", word)} - known
        assert not unknown, f"{line}: there is no {unknown}"
