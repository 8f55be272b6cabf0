"""The type of options that name what a command writes."""

import os
from pathlib import Path
from typing import Any

import click

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
            self.fail("it is blank. Nothing was done.", param, ctx)
        if typed == _STREAM and not self._may_be_stream:
            self.fail("'-' is no file; './-' would be. Nothing was done.", param, ctx)
        if typed.endswith(_ENDS_OF_FOLDERS) and not self._is_folder:
            self.fail(f"{typed!r} is a folder, and no file. Nothing was done.", param, ctx)
        return super().convert(value, param, ctx)
