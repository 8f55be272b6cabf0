"""The checks of what surrounds the program: certificates, and room on the disk.

Of certificates, one field is read: until when they are valid (X.509, RFC 5280, 4.1.2.5). The
standard library gives it only of authorities, and of the other side of a connection.
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

_SOON = timedelta(days=30)
_MEBIBYTE = 2**20
_LOW_BYTES, _FULL_BYTES = 1024 * _MEBIBYTE, 100 * _MEBIBYTE
_SEVERITY = {State.SKIP: 0, State.OK: 1, State.WARN: 2, State.FAIL: 3}

_PEM_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_DER_VERSION = 0xA0
_DER_UTC_TIME = 0x17
_DER_LONG_LENGTH = 0x80


def free_bytes(path: Path) -> int:
    """How much room is left on the disk that has this path."""
    return shutil.disk_usage(path).free


@dataclass(frozen=True, slots=True)
class MachineChecks:
    """What is checked beside the registry and the stream."""

    registry: Callable[[], Registry]
    database_file: Path | None
    """None where the database is a server."""
    certificates: Mapping[str, Path]
    """The files of certificates, by the setting that names them."""
    clock: Callable[[], datetime]
    free_bytes: Callable[[Path], int] = free_bytes

    def all(self) -> list[Check]:
        """The checks, in the order in which they are shown."""
        return [
            Check("certificates", self._certificates),
            Check("disk", self._disk, ("database",)),
        ]

    def _certificates(self) -> Finding:
        if not self.certificates:
            return skip("No certificates are configured.")
        findings = [self._certificate(name, path) for name, path in self.certificates.items()]
        worst = max(findings, key=lambda finding: _SEVERITY[finding.state])
        return Finding(worst.state, " ".join(finding.detail for finding in findings), worst.fix)

    def _certificate(self, setting: str, path: Path) -> Finding:
        try:
            with secret_files.open_regular(path) as file:
                ends = ends_of(file.read())
        except (OSError, NoCertificate) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            return fail(f"{path} ({setting}): {why}.", f"Correct {setting}")
        # Of several authorities one that is valid is enough; of our own chain all must be.
        end = max(ends) if setting.endswith("CAFILE") else min(ends)
        left = end - self.clock()
        renew = f"Have it renewed, and put it where {setting} says"
        if left < timedelta(0):
            return fail(f"{path} expired on {end:%Y-%m-%d}.", renew)
        detail = f"{path} is valid for {left.days} days, until {end:%Y-%m-%d}."
        return warn(detail, renew) if left < _SOON else ok(detail)

    def _disk(self) -> Finding:
        if self.database_file is None:
            with self.registry().snapshot() as connection:
                size = dialect.size_bytes(connection) or 0
            return ok(
                f"The database takes {_mebibytes(size)}; the disk of its server is not checked."
            )
        free = self.free_bytes(self.database_file.resolve().parent)
        size = self.database_file.stat().st_size
        detail = (
            f"{_mebibytes(free)} are free on the disk of {self.database_file}, which takes "
            f"{_mebibytes(size)}."
        )
        fix = "Make room on the disk: a full one stops the worker, but loses nothing"
        if free < max(_FULL_BYTES, size // 10):
            return fail(detail, fix)
        return warn(detail, fix) if free < max(_LOW_BYTES, size) else ok(detail)


class NoCertificate(Exception):
    """The file has no certificate that can be read; the message says what is wrong."""


def ends_of(pem: bytes) -> list[datetime]:
    """The last moment of each certificate in a PEM file.

    Raises:
        NoCertificate: there is none, or one that is damaged.
    """
    ends = [_end(block[1]) for block in _PEM_BLOCK.finditer(pem)]
    if not ends:
        raise NoCertificate("it contains no certificate in PEM form")
    return ends


def _end(block: bytes) -> datetime:
    try:
        (_, certificate), *_ = _der_elements(base64.b64decode(block))
        (_, signed), *_ = _der_elements(certificate)
        fields = [(tag, content) for tag, content in _der_elements(signed) if tag != _DER_VERSION]
        _, validity = fields[3]  # after serial number, algorithm and issuer
        _, (tag, end) = _der_elements(validity)
        form = "%y%m%d%H%M%SZ" if tag == _DER_UTC_TIME else "%Y%m%d%H%M%SZ"
        return datetime.strptime(end.decode("ascii"), form).replace(tzinfo=UTC)
    except (ValueError, IndexError):
        raise NoCertificate("it contains a damaged certificate") from None


def _der_elements(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of a DER sequence, each with its tag."""
    offset = 0
    while offset < len(content):
        tag, length, offset = content[offset], content[offset + 1], offset + 2
        if length & _DER_LONG_LENGTH:
            size = length & ~_DER_LONG_LENGTH
            length, offset = int.from_bytes(content[offset : offset + size], "big"), offset + size
        if offset + length > len(content):
            raise ValueError("truncated")
        yield tag, content[offset : offset + length]
        offset += length


def _mebibytes(size: int) -> str:
    return f"{size / _MEBIBYTE:.0f} MiB"
