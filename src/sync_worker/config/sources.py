"""Where settings come from: the environment, and a folder with a file for each.

Knows the names that there are, and nothing of what the values mean.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from sync_worker.files import secret_files

PREFIX = "SYNC_WORKER_"
SECRETS_DIR = f"{PREFIX}SECRETS_DIR"

_INJECTED = re.compile(
    rf"{PREFIX}(?:(?:SERVICE_|PORT).*"
    r"|.+_SERVICE_HOST|.+_SERVICE_PORT.*|.+_PORT_[0-9]+_(?:TCP|UDP|SCTP).*)",
    re.DOTALL,
)
"""What Kubernetes sets for Services that are called sync-worker, or sync-worker-something."""
_INJECTED_ADDRESS = re.compile(r"(?:tcp|udp|sctp)://.*", re.DOTALL)
"""And the value of `…_PORT`, which can have the name of a setting."""


class Source(StrEnum):
    """Where a setting's value is from."""

    DEFAULT = "default"
    ENVIRONMENT = "environment"
    SECRET_FILE = "secret file"  # noqa: S105 - it names a place


class Given(NamedTuple):
    """A setting's value as it was written."""

    text: str
    source: Source


class Gathered(NamedTuple):
    """All settings that are given, by name, and what is wrong with where they are."""

    given: dict[str, Given]
    problems: list[str]


def variable(field: str) -> str:
    """The name of the variable that gives a field of the settings."""
    return PREFIX + field.upper()


def gather(
    environ: Mapping[str, str], names: Collection[str], never_blank: Collection[str] = ()
) -> Gathered:
    """The settings called `names` that are given; the environment goes before a file.

    An empty value counts as not given. A blank one of `never_blank` is a problem: what should stand
    there is missing, and the default would be used without a word.
    """
    environ = {name: value for name, value in environ.items() if not _is_injected(name, value)}
    problems = list(_unknown(environ, {*names, SECRETS_DIR}))
    from_files = _in_folder(environ, names, problems)
    from_environment = {
        name: Given(environ[name], Source.ENVIRONMENT) for name in names if name in environ
    }
    given: dict[str, Given] = {}
    for name, value in (*from_files.items(), *from_environment.items()):
        if name in never_blank and not value.text.strip():
            problems.append(f"{name} is set and blank ({value.source.value}).")
        elif value.text:
            given[name] = value
    return Gathered(given, problems)


def current(environ: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """As `gather`, of what is given now, and quicker: what is wrong with it is not looked at."""
    folder = environ.get(SECRETS_DIR, "").strip()
    found = {
        name: environ.get(name) or (_content(Path(folder) / name.lower(), []) if folder else None)
        for name in names
    }
    return {name: text for name, text in found.items() if text}


def _is_injected(name: str, value: str) -> bool:
    is_address = name.endswith("_PORT") and _INJECTED_ADDRESS.fullmatch(value)
    return bool(_INJECTED.fullmatch(name) or is_address)


def _in_folder(
    environ: Mapping[str, str], names: Collection[str], problems: list[str]
) -> dict[str, Given]:
    """The values in the folder of secrets, where one is named."""
    folder = environ.get(SECRETS_DIR)
    if folder is None:
        return {}
    if not folder.strip():
        problems.append(f"{SECRETS_DIR} is set and blank ({Source.ENVIRONMENT.value}).")
        return {}
    return _read(Path(folder), names, problems)


def _unknown(environ: Mapping[str, str], names: Collection[str]) -> Iterator[str]:
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in names:
            yield f"{name} is no setting; the nearest is {_nearest(name.upper(), names)}."


def _read(folder: Path, names: Collection[str], problems: list[str]) -> dict[str, Given]:
    """The values in the folder's files; what is wrong is added to `problems`."""
    try:
        files = sorted(file.name for file in folder.iterdir())
    except OSError as error:
        problems.append(f"{SECRETS_DIR} is {folder}, which is no folder to read: {error.strerror}.")
        return {}
    by_file = {name.lower(): name for name in names}
    given: dict[str, Given] = {}
    for file in files:
        if file in by_file:
            text = _content(folder / file, problems)
            given |= {} if text is None else {by_file[file]: Given(text, Source.SECRET_FILE)}
        elif file.upper().startswith(PREFIX) and not _INJECTED.fullmatch(file.upper()):
            nearest = _nearest(file.lower(), by_file)
            problems.append(f"{folder / file} is no setting's file; the nearest is {nearest}.")
    return given


def _content(path: Path, problems: list[str]) -> str | None:
    try:
        return secret_files.read(path).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        problems.append(f"{path} is not text in UTF-8.")
    except OSError as error:
        problems.append(f"{path} cannot be read: {error.strerror}.")
    return None


def _nearest(name: str, names: Collection[str]) -> str:
    return difflib.get_close_matches(name, sorted(names), 1, cutoff=0)[0]
