"""Whatever the program tells people to type exists: every hint, fix, attention and example."""

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sync_worker.cli.main import root
from sync_worker.cli.remedies import SENTENCES
from sync_worker.remedies import Remedy

SOURCE = Path(__file__).parents[3] / "src" / "sync_worker"
TYPED = re.compile(r"sync-worker((?: [a-z]+)+)((?: --?[a-z][a-z-]*)*)")


def texts(tree: ast.Module) -> Iterator[str]:
    """The strings of a module; of one with values in it, the parts between them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def typed() -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    for path in sorted(SOURCE.rglob("*.py")):
        for text in texts(ast.parse(path.read_text())):
            for words, flags in TYPED.findall(text):
                yield path.name, tuple(words.split()), tuple(flags.split())


FOUND = sorted(set(typed()))


def command_of(words: tuple[str, ...]) -> tuple[click.Command, tuple[str, ...]]:
    """The command that the words begin with, and the words that follow its name."""
    command: click.Command = root
    while isinstance(command, click.Group) and words:
        context = click.Context(command)
        inner = command.get_command(context, words[0])
        assert inner is not None, f"no command {words[0]!r} in {command.name!r}"
        command, words = inner, words[1:]
    return command, words


def test_there_are_many_of_them() -> None:
    assert len(FOUND) > 60


@pytest.mark.parametrize(("where", "words", "flags"), FOUND)
def test_it_is_a_command_with_such_options(
    where: str, words: tuple[str, ...], flags: tuple[str, ...]
) -> None:
    command, _ = command_of(words)
    known = {name for parameter in command.params for name in parameter.opts}
    assert set(flags) <= known | {"-h", "--help", "-o", "-v", "--debug"}, where


def test_every_remedy_says_what_to_type() -> None:
    assert set(SENTENCES) == set(Remedy)


ROOT = SOURCE.parents[1]
KCAT = re.compile(r"kcat(?: -[A-Za-z]\b[^|`\n]*)* -t\b[^|`\n]*")


def test_every_call_of_kcat_only_reads():
    """Without a mode it publishes whatever it is given on standard input."""
    files = [*SOURCE.rglob("*.py"), *ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    calls = [call for file in files for call in KCAT.findall(file.read_text(encoding="utf-8"))]
    assert calls
    assert [call for call in calls if " -C " not in call] == []


CONTRACT = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
COMMANDS = CONTRACT.partition("\n## 4. ")[2].partition("\n## 5. ")[0]
ITEMS = re.split(r"\n+(?= *- |#)", COMMANDS)
"""The list items of the contract's chapter on commands; an item within one stands alone."""
CODE = re.compile(r"`([^`]+)`")
NOT_BUILT = "**Not built yet.**"


def leading(item: str) -> list[str]:
    """The commands that an item begins with, as it writes them."""
    start = re.match(r" *- ((?:`[^`]+`,?\s*)+)", item)
    return [text for text in CODE.findall(start[1]) if text[0] != "-"] if start else []


def test_the_contract_promises_commands_that_exist():
    built = [text for item in ITEMS if NOT_BUILT not in item for text in leading(item)]
    assert len(built) > 30
    for text in built:
        words = text.split(" ")
        names = tuple(itertools.takewhile(re.compile("[a-z]+$").match, words))
        command, surplus = command_of(names)
        assert surplus == (), text
        options = {name for parameter in command.params for name in parameter.opts}
        assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text)) <= options, text


def built_all_the_same(items: list[str]) -> Iterator[str]:
    """The commands that exist, although an item says that they are not built yet."""
    for text in (text for item in items if NOT_BUILT in item for text in leading(item)):
        try:
            command_of(tuple(text.split(" ")[:2]))
        except AssertionError:
            continue
        yield text


def test_what_the_contract_calls_not_built_does_not_exist():
    """Whoever builds it takes the mark away."""
    assert list(built_all_the_same(ITEMS)) == []
    marked = [f"- `clinics explain HSA-ID`: {NOT_BUILT}", f"- `clinics guess`: {NOT_BUILT}"]
    assert list(built_all_the_same(marked)) == ["clinics explain HSA-ID"]
