"""The type of options that name what a command writes."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync_worker.administration.messages.plans import NOTHING_CHANGED
from sync_worker.cli import messages as says
from sync_worker.errors import Exit, UserError
from sync_worker.registry import dialect

if TYPE_CHECKING:
    from sync_worker.config.settings import Settings


_STREAM = "-"
_ENDS_OF_FOLDERS = ("/", "/.", "/..")


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
        if typed == _STREAM and not self._may_be_stream:
            self.fail("'-' is not a file; './-' would be. Nothing was changed.", param, ctx)
        if typed.endswith(_ENDS_OF_FOLDERS) and not self._is_folder:
            self.fail(f"{typed!r} is a folder, not a file. Nothing was changed.", param, ctx)
        return super().convert(value, param, ctx)


# Where commands write files: never in the place of a registry.


def refuse_registry(settings: "Settings", path: Path) -> None:
    """Raise UserError where `path` is a file of a SQLite database that the settings name."""
    for url in (settings.database_url, settings.support_url):
        if any(_is_same(path, file) for file in dialect.files_of(url)):
            raise UserError(
                Exit.USAGE,
                says.REGISTRY_FILE(path=path),
                why=NOTHING_CHANGED(),
                hint=says.NAME_ANOTHER_FILE(),
                code="file",
            )


def _is_same(path: Path, file: Path) -> bool:
    # By their names too: a file that is not there now would be read as soon as it is.
    if os.path.realpath(path) == os.path.realpath(file):
        return True
    return path.exists() and file.exists() and path.samefile(file)
