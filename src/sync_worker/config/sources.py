"""The sources of settings: the environment, and a folder with a file for each setting.

Knows the names of the settings, and nothing of their values.
"""

import difflib
import re
from collections.abc import Collection, Mapping
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
"""Variables that Kubernetes sets for Services named sync-worker, or sync-worker-something."""
_INJECTED_ADDRESS = re.compile(r"(?:tcp|udp|sctp)://.*", re.DOTALL)
"""Their value in `…_PORT`, which can also be the name of a setting."""


class SettingSource(StrEnum):
    """Where the value of a setting comes from."""

    DEFAULT = "default"
    ENVIRONMENT = "environment"
    SECRET_FILE = "secret file"  # noqa: S105 - it names a place


class GivenValue(NamedTuple):
    """The value of a setting as it was written."""

    text: str
    source: SettingSource


class GivenSettings(NamedTuple):
    """The values that are set, by name, and the problems of their sources."""

    values: dict[str, GivenValue]
    problems: list[str]


def variable(field: str) -> str:
    """The name of the variable that gives a field of the settings."""
    return PREFIX + field.upper()


def read_settings(
    environ: Mapping[str, str], names: Collection[str], never_blank: Collection[str] = ()
) -> GivenSettings:
    """Those of the settings `names` that are set; the environment takes precedence over files.

    An empty value counts as not set. A blank one of `never_blank` is a problem: its real value is
    missing, and the default would be used silently.
    """
    environ = {name: value for name, value in environ.items() if not _is_injected(name, value)}
    known = {*names, SECRETS_DIR}
    problems = [
        f"Unknown setting {name}. Did you mean {_nearest(name.upper(), known)}?"
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in known
    ]
    from_files = _read_folder(environ, names, problems)
    from_environment = {
        name: GivenValue(environ[name], SettingSource.ENVIRONMENT)
        for name in names
        if name in environ
    }
    values: dict[str, GivenValue] = {}
    for name, value in (*from_files.items(), *from_environment.items()):
        if name in never_blank and not value.text.strip():
            problems.append(f"{name} is set and blank ({value.source.value}).")
        elif value.text:
            values[name] = value
    return GivenSettings(values, problems)


def current(environ: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """The values that are set now, without a check of their sources, which is faster."""
    folder = environ.get(SECRETS_DIR, "").strip()
    texts = {
        name: environ.get(name) or (_content(Path(folder) / name.lower(), []) if folder else None)
        for name in names
    }
    return {name: text for name, text in texts.items() if text}


def _is_injected(name: str, value: str) -> bool:
    is_address = name.endswith("_PORT") and _INJECTED_ADDRESS.fullmatch(value)
    return bool(_INJECTED.fullmatch(name) or is_address)


def _read_folder(
    environ: Mapping[str, str], names: Collection[str], problems: list[str]
) -> dict[str, GivenValue]:
    """The values in the folder of secrets, if one is set; problems are added to `problems`."""
    folder = environ.get(SECRETS_DIR)
    if folder is None:
        return {}
    if not folder.strip():
        problems.append(f"{SECRETS_DIR} is set and blank ({SettingSource.ENVIRONMENT.value}).")
        return {}
    try:
        files = sorted(file.name for file in Path(folder).iterdir())
    except OSError as error:
        problems.append(f"{SECRETS_DIR} is {folder}, which cannot be read: {error.strerror}.")
        return {}
    by_file = {name.lower(): name for name in names}
    values: dict[str, GivenValue] = {}
    for file in files:
        path = Path(folder) / file
        if file in by_file:
            text = _content(path, problems)
            if text is not None:
                values[by_file[file]] = GivenValue(text, SettingSource.SECRET_FILE)
        elif file.upper().startswith(PREFIX) and not _INJECTED.fullmatch(file.upper()):
            nearest = _nearest(file.lower(), by_file)
            problems.append(f"{path} is not the file of a setting. Did you mean {nearest}?")
    return values


def _content(path: Path, problems: list[str]) -> str | None:
    try:
        # Without the mark that editors on Windows put before UTF-8.
        return secret_files.read(path).decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        problems.append(f"{path} is not text in UTF-8.")
    except OSError as error:
        problems.append(f"{path} cannot be read: {error.strerror}.")
    return None


def _nearest(name: str, names: Collection[str]) -> str:
    return difflib.get_close_matches(name, sorted(names), 1, cutoff=0)[0]
