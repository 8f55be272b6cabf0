"""Until when certificates are good. Reads that one field of X.509 (RFC 5280, 4.1.2.5), no more.

The standard library tells it of authorities alone, and of the other side of a connection.
"""

import base64
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sync_worker.files import secret_files
from sync_worker.inspection.doctor import Check, Finding, State, fail, ok, skip, warn
from sync_worker.registry import dialect
from sync_worker.registry.database import Registry

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_VERSION = 0xA0
_UTC_TIME = 0x17
_LONG_LENGTH = 0x80


class NoCertificate(Exception):
    """The file holds no certificate that can be read; the message says what is wrong."""


def ends_of(pem: bytes) -> list[datetime]:
    """The last moment of each certificate in a PEM file.

    Raises:
        NoCertificate: there is none, or one that is damaged.
    """
    ends = [_end(block[1]) for block in _BLOCK.finditer(pem)]
    if not ends:
        raise NoCertificate("there is no certificate in PEM form in it")
    return ends


def _end(block: bytes) -> datetime:
    try:
        certificate = base64.b64decode(block)
        (_, outer), *_ = _elements(certificate)
        (_, signed), *_ = _elements(outer)
        fields = [(tag, content) for tag, content in _elements(signed) if tag != _VERSION]
        _, validity = fields[3]  # after serial number, algorithm and issuer
        _, (tag, until) = _elements(validity)
        form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
        return datetime.strptime(until.decode("ascii"), form).replace(tzinfo=UTC)
    except (ValueError, IndexError):
        raise NoCertificate("a certificate in it is damaged") from None


def _elements(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of a DER sequence, each with its tag."""
    at = 0
    while at < len(content):
        tag, length, at = content[at], content[at + 1], at + 2
        if length & _LONG_LENGTH:
            size = length & ~_LONG_LENGTH
            length, at = int.from_bytes(content[at : at + size], "big"), at + size
        if at + length > len(content):
            raise ValueError("cut off")
        yield tag, content[at : at + length]
        at += length


# The checks of what surrounds the program: certificates, and room on the disk.


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
            with secret_files.open_regular(path) as file:
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
