"""Whether OpenSSL can use the files of TLS, asked before it says so at each connection."""

import ssl
from pathlib import Path
from typing import NamedTuple

from sync_worker.files import secret_files

_NO_CERTIFICATE = "NO_CERTIFICATE_OR_CRL_FOUND"
_NO_REVOCATIONS = "it has no list of revoked certificates in PEM form, or a damaged one"
_OF_THE_CERTIFICATE = ("CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK", "EE_KEY_TOO_SMALL")
_ENCRYPTED = b"ENCRYPTED"


class PairProblem(NamedTuple):
    """Why a certificate with its key cannot be used, and whether the key is to blame."""

    why: str
    is_of_key: bool


def certificate_problem(file: str | Path) -> str | None:
    """Why a file of certificates, of authorities or of ours, cannot be used; None where it can.

    Raises:
        OSError: it cannot be read.
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError as error:
        if error.reason in {_NO_CERTIFICATE, None}:
            return "it has no certificate in PEM form, or a damaged one"
        return error.reason
    return None


def revocations_problem(file: str | Path) -> str | None:
    """Why a file of revoked certificates cannot be used; None where it can.

    Raises:
        OSError: it cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(file)
    except ssl.SSLError:
        return _NO_REVOCATIONS
    return None if context.cert_store_stats()["crl"] else _NO_REVOCATIONS


def pair_problem(certificate: str, key: str | None, pass_phrase: str) -> PairProblem | None:
    """Why a certificate with its key cannot be used; without a file of its key, it has both.

    Raises:
        OSError: one of them cannot be read.
    """
    if (why := certificate_problem(certificate)) is not None:
        return PairProblem(why, is_of_key=False)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, pass_phrase)
    except ssl.SSLError as error:
        why = error.reason or "it has no key in PEM form, or a damaged one"
        return PairProblem(why, is_of_key=error.reason not in _OF_THE_CERTIFICATE)
    return None


def is_encrypted(key: Path) -> bool:
    """Whether a file contains a private key that needs a pass phrase."""
    try:
        return _ENCRYPTED in secret_files.read(key)
    except OSError:
        return False
