"""Files that a person names on the command line, to be read or to be written."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from sync_worker import bootstrap
from sync_worker.administration.csv_files.reader import (
    MOST_MIB,
    FileContents,
    read,
    wrong_check_digits,
)
from sync_worker.administration.messages import clinics as says_of_clinics
from sync_worker.administration.messages import files as says
from sync_worker.administration.messages.plans import NOTHING_CHANGED
from sync_worker.cli import messages
from sync_worker.cli.output import Output
from sync_worker.errors import Exit, UserError, Words
from sync_worker.files.spool import spooled
from sync_worker.streams.protocol import StreamError

if TYPE_CHECKING:
    from sync_worker.config.settings import Settings

STREAM = "-"
_STANDARD_INPUT = "standard input"
_MOST_BYTES = MOST_MIB * 2**20
_ENDS_OF_FOLDERS = ("/", "/.", "/..")


def contents(file: str) -> FileContents:
    """What stands in FILE, or on stdin where it is `-`.

    Raises:
        UserError: it is not there, or cannot be opened.
        Unreadable: it is not a text or csv file, or a broken one.
    """
    try:
        if file == STREAM:
            return read(stdin().read(_MOST_BYTES + 1))
        with Path(file).open("rb") as opened:
            return read(opened.read(_MOST_BYTES + 1))
    except FileNotFoundError:
        missing = messages.NO_FILE(path=file)
        hint = messages.CHECK_PATH()
        raise UserError(Exit.NOT_FOUND, missing, hint=hint) from None
    except (OSError, ValueError) as error:
        unreadable = says.UNREADABLE_PATH(path=name_of(file), why=why(error))
        hint = says.CHECK_PERMISSIONS()
        raise UserError(Exit.USAGE, unreadable, hint=hint, code="file") from None


def stdin() -> IO[bytes]:
    """Standard input, as bytes.

    Raises:
        UserError: it is closed.
    """
    if sys.stdin is None:
        raise UserError(
            Exit.USAGE,
            says.NO_STDIN(),
            why=NOTHING_CHANGED(),
            hint=says.GIVE_STDIN(),
            code="file",
        )
    return sys.stdin.buffer


def name_of(file: str) -> Words:
    """What the file is called in a sentence."""
    return says_of_clinics.STANDARD_INPUT() if file == STREAM else file


def tell_remarks(output: Output, given: FileContents) -> None:
    """Say how the file was read where that is not plain, and what is odd about its ids."""
    for remark in (*given.remarks, *wrong_check_digits(given.entries)):
        output.attention(remark)


def why(error: Exception) -> str:
    """What the operating system says of it."""
    return getattr(error, "strerror", None) or str(error)


@contextmanager
def file_of(file: str) -> Iterator[Path]:
    """The path of `file`; what comes on stdin where it is `-`, as a file that is gone afterwards.

    A StreamError of the body tells of standard input as what it is.
    """
    if file != STREAM:
        yield Path(file)
        return
    with spooled(stdin(), _STANDARD_INPUT) as path:
        try:
            yield path
        except StreamError as error:
            # Tell of the file as what it is, not by a path that is gone afterwards.
            message = error.message.replace(str(path), _STANDARD_INPUT)
            raise StreamError(message, error.why, error.hint) from None


class PathToWrite(click.Path):
    """A path to write to, judged as it was typed: pathlib would make another one of it.

    A stream, `-`, comes out as text, where it `may_be_stream`; only a folder may end in `/`.
    """

    def __init__(self, *, may_be_stream: bool = False, is_folder: bool = False) -> None:
        super().__init__(path_type=str if may_be_stream else Path)
        self._may_be_stream, self._is_folder = may_be_stream, is_folder

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; a usage error where it is none that can be meant."""
        typed = os.fspath(value)
        if not typed.strip():
            self.fail("it is blank. Nothing was changed.", param, ctx)
        if typed == STREAM and not self._may_be_stream:
            self.fail("'-' is not a file; './-' would be. Nothing was changed.", param, ctx)
        if typed.endswith(_ENDS_OF_FOLDERS) and not self._is_folder:
            self.fail(f"{typed!r} is a folder, not a file. Nothing was changed.", param, ctx)
        return super().convert(value, param, ctx)


# Where commands write files: never in the place of a registry.


def refuse_registry(settings: "Settings", path: Path) -> None:
    """Raise UserError where `path` is a file of a SQLite database that the settings name."""
    if any(_is_same(path, file) for file in bootstrap.registry.database_files(settings)):
        raise UserError(
            Exit.USAGE,
            messages.REGISTRY_FILE(path=path),
            why=NOTHING_CHANGED(),
            hint=messages.NAME_ANOTHER_FILE(),
            code="file",
        )


def _is_same(path: Path, file: Path) -> bool:
    # By their names too: a file that is not there now would be read as soon as it is.
    if os.path.realpath(path) == os.path.realpath(file):
        return True
    return path.exists() and file.exists() and path.samefile(file)
