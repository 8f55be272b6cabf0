"""What stands in the way of a connection to PostgreSQL that answers, and what to do about it.

The driver has no code for it, only words: the server's, and those of libpq and OpenSSL.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from sync_worker.registry.errors import Fault, fault_of, first_line, says_descriptors
from sync_worker.remedies import Advice, Remedy


class DatabaseRefusal(NamedTuple):
    """What is to be put right; and whether we refused the server, before a password was sent."""

    remedy: Remedy
    is_ours: bool = False


_REFUSALS: Sequence[tuple[str, DatabaseRefusal]] = (
    (
        r"certificate verify failed",
        DatabaseRefusal(Remedy.CHECK_DATABASE_AUTHORITIES, is_ours=True),
    ),
    (
        r"protocol version|unsupported protocol|no protocols available|insufficient security",
        DatabaseRefusal(Remedy.CHECK_DATABASE_TLS_VERSION, is_ours=True),
    ),
    (r"does not match host name", DatabaseRefusal(Remedy.CHECK_DATABASE_HOST_NAME, is_ours=True)),
    (r"does not support SSL", DatabaseRefusal(Remedy.CHECK_DATABASE_SSLMODE, is_ours=True)),
    (r"no encryption|SSL off", DatabaseRefusal(Remedy.CHECK_DATABASE_SSLMODE)),
    (r"channel binding", DatabaseRefusal(Remedy.CHECK_DATABASE_CHANNEL_BINDING, is_ours=True)),
    (
        r"authentication method requirement",
        DatabaseRefusal(Remedy.CHECK_DATABASE_METHOD, is_ours=True),
    ),
    (r"root certificate file", DatabaseRefusal(Remedy.CHECK_DATABASE_AUTHORITIES)),
    (r"has group or world access", DatabaseRefusal(Remedy.CHECK_DATABASE_KEY_PERMISSIONS)),
    (
        (
            r"client certificate|certificate authentication|certificate file|private key"
            r"|alert (?:.*certificate|unknown ca|access denied)"
        ),
        DatabaseRefusal(Remedy.CHECK_DATABASE_OWN_CERTIFICATE),
    ),
    (
        (
            r"is not permitted to log in|not currently accepting connections"
            r"|permission denied for database"
        ),
        DatabaseRefusal(Remedy.ADMIT_TO_DATABASE),
    ),
    (
        (
            r"(?:password|SCRAM) authentication failed|no password|no such user"
            r"|(?:role|user) \"[^\"]*\" does not exist"
        ),
        DatabaseRefusal(Remedy.CHECK_DATABASE_PASSWORD),
    ),
)
"""By the words of the error; the first that fits."""

_OUT_OF_CONNECTIONS = re.compile(
    r"too many (?:clients|connections)|remaining connection slots|no more connections allowed",
    re.IGNORECASE,
)


def refusal_of(error: BaseException) -> DatabaseRefusal | None:
    """What stands in the way of a login; None where the error is about something else."""
    if fault_of(error) is not Fault.LOGIN_REFUSED:
        return None
    said = first_line(error)
    found = (refusal for words, refusal in _REFUSALS if re.search(words, said, re.IGNORECASE))
    return next(found, DatabaseRefusal(Remedy.CHECK_DATABASE_LOGIN))


def remedy_of_shortage(error: BaseException) -> Advice | None:
    """What helps where no connection is left: to open here, or at the server or a pooler."""
    if says_descriptors(error):
        return Remedy.RAISE_OPEN_FILES()
    return Remedy.FREE_CONNECTIONS() if _OUT_OF_CONNECTIONS.search(first_line(error)) else None
