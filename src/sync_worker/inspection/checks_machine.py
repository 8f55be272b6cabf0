"""The checks of what surrounds the program: certificates, and room on the disk."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sync_worker.files import small
from sync_worker.inspection.certificates import NoCertificate, ends_of
from sync_worker.inspection.doctor import Check, Finding, State, fail, ok, skip, warn
from sync_worker.registry import dialect
from sync_worker.registry.unit import Registry

_SOON = timedelta(days=30)
_MEBIBYTE = 2**20
_LOW_BYTES, _FULL_BYTES = 1024 * _MEBIBYTE, 100 * _MEBIBYTE


def free_bytes(path: Path) -> int:
    """How much room is left on the disk that has this path."""
    return shutil.disk_usage(path).free


@dataclass(frozen=True, slots=True)
class MachineChecks:
    """What is looked at beside the registry and the stream."""

    registry: Callable[[], Registry]
    database_file: Path | None
    """None where the database is a server."""
    certificates: Mapping[str, Path]
    """The files of certificates, by the setting that names them."""
    clock: Callable[[], datetime]
    free_bytes: Callable[[Path], int] = free_bytes

    def all(self) -> list[Check]:
        """The checks, in the order in which they are told."""
        return [
            Check("certificates", self._certificates),
            Check("disk", self._disk, ("database",)),
        ]

    def _certificates(self) -> Finding:
        if not self.certificates:
            return skip("No certificates are configured.")
        found = [self._certificate(name, path) for name, path in self.certificates.items()]
        worst = max(found, key=lambda finding: _BADNESS[finding.state])
        return Finding(worst.state, " ".join(finding.detail for finding in found), worst.fix)

    def _certificate(self, setting: str, path: Path) -> Finding:
        fix = f"Have it renewed, and put it where {setting} says"
        try:
            with small.opened(path) as file:
                ends = ends_of(file.read())
        except (OSError, NoCertificate) as error:
            said = error.strerror if isinstance(error, OSError) else str(error)
            return fail(f"{path} ({setting}): {said}.", f"Correct {setting}")
        # Of several authorities one that is good is enough; of our own chain all must be.
        end = max(ends) if setting.endswith("CAFILE") else min(ends)
        left = end - self.clock()
        if left < timedelta(0):
            return fail(f"{path} ended on {end:%Y-%m-%d}.", fix)
        detail = f"{path} is good for {left.days} days, until {end:%Y-%m-%d}."
        return warn(detail, fix) if left < _SOON else ok(detail)

    def _disk(self) -> Finding:
        if self.database_file is None:
            with self.registry().snapshot() as connection:
                size = dialect.size_bytes(connection) or 0
            return ok(f"The database has {_mebibytes(size)}; the server's disk is not ours to see.")
        free = self.free_bytes(self.database_file.resolve().parent)
        size = self.database_file.stat().st_size
        detail = (
            f"{_mebibytes(free)} are free where {self.database_file} is; it has {_mebibytes(size)}."
        )
        fix = "Make room on the disk: a full one stops the worker, and loses nothing"
        if free < max(_FULL_BYTES, size // 10):
            return fail(detail, fix)
        return warn(detail, fix) if free < max(_LOW_BYTES, size) else ok(detail)


_BADNESS = {State.SKIP: 0, State.OK: 1, State.WARN: 2, State.FAIL: 3}


def _mebibytes(size: int) -> str:
    return f"{size / _MEBIBYTE:.0f} MiB"
