"""Until when certificates are good. Reads that one field of X.509 (RFC 5280, 4.1.2.5), no more.

The standard library tells it of authorities alone, and of the other side of a connection.
"""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime

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
