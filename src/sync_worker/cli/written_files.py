"""Where commands write files: never in the place of a registry."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sync_worker.administration.language import errors as says
from sync_worker.errors import Exit, UserError
from sync_worker.registry import dialect

if TYPE_CHECKING:
    from sync_worker.cli.settings import Settings


def refuse_registry(settings: "Settings", path: Path) -> None:
    """Raise UserError where `path` is a file of a SQLite database that the settings name."""
    for url in (settings.database_url, settings.support_url):
        if any(_is_same(path, file) for file in dialect.files_of(url)):
            raise UserError(
                Exit.USAGE,
                says.REGISTRY_FILE(path=path),
                why=says.NOTHING_DONE(),
                hint=says.NAME_ANOTHER_FILE(),
                code="file",
            )


def _is_same(path: Path, file: Path) -> bool:
    # By their names too: a file that is not there now would be read as soon as it is.
    if os.path.realpath(path) == os.path.realpath(file):
        return True
    return path.exists() and file.exists() and path.samefile(file)
