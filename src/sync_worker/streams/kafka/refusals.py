"""Which errors of a connection say that the other side refused us or we refused it, and why.

The client has no codes for most of it: OpenSSL's words, and the classes of the client's errors,
tell them apart.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from kafka.errors import (
    AuthorizationError,
    IllegalSaslStateError,
    KafkaConnectionError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)

from sync_worker.remedies import Advice, Remedy
from sync_worker.streams.kafka.oauth_tokens import NoToken, TokenRefused
from sync_worker.streams.kafka.scram import UnprovenBroker
from sync_worker.streams.protocol import LOGIN_REFUSED

FILE_ERRORS = (FileNotFoundError, PermissionError, IsADirectoryError)
"""What reading a file of a login can raise."""


class UnusableFiles(KafkaConnectionError):
    """A certificate or a key cannot be used now, such as while they are being replaced."""


class KafkaRefusal(NamedTuple):
    """What a refusal means: a sentence, and what to do."""

    message: str
    hint: Advice


_UNTRUSTED = "What answers does not prove to be Kafka, so nothing was sent to it."
_UNPROVEN = "What answers does not prove to be Kafka, and was not told the password."
_OLD_TLS = "Kafka answers, and offers no version of TLS that is safe enough."
_OTHER_PROTOCOL = "Kafka answers, and expects another protocol than the settings say."

_REFUSALS = (
    *FILE_ERRORS,
    AuthorizationError,
    IllegalSaslStateError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
    UnprovenBroker,
    UnusableFiles,
)
_TLS = re.compile(r"\[(?:SSL|X509|PEM)[:\w ]*\](?!.*EOF)")
"""What OpenSSL says of the other side's answer. That a connection just ended is not a refusal."""
_FRAME_LENGTH = re.compile(r"Invalid frame length: (\d+)")
_TLS_ALERT = (0x15, 0x03)
"""How TLS says that it was not spoken to in TLS; the client takes four bytes for a length."""
_ENDED_IN_HANDSHAKE = re.compile(r"Handshake failed: (?:.*EOF|.*reset)", re.IGNORECASE)

_BY_CLASS: tuple[
    tuple[type[BaseException] | tuple[type[BaseException], ...], KafkaRefusal], ...
] = (
    (
        (NoToken, TokenRefused),
        KafkaRefusal("There is no token to log in to Kafka with.", Remedy.CHECK_KAFKA_TOKEN()),
    ),
    (
        (*FILE_ERRORS, UnusableFiles),
        KafkaRefusal("A file of the login to Kafka cannot be used.", Remedy.CHECK_KAFKA_FILES()),
    ),
    (IllegalSaslStateError, KafkaRefusal(_OTHER_PROTOCOL, Remedy.CHECK_KAFKA_PROTOCOL())),
    (UnprovenBroker, KafkaRefusal(_UNPROVEN, Remedy.CHECK_KAFKA_PEER())),
    (UnsupportedSaslMechanismError, KafkaRefusal(LOGIN_REFUSED, Remedy.CHECK_KAFKA_MECHANISM())),
)
_BY_WORDS = (
    (
        r"has expired|not yet valid",
        KafkaRefusal(_UNTRUSTED, Remedy.CHECK_KAFKA_CERTIFICATE_DATES()),
    ),
    (
        r"too weak|key too small|unsuitable certificate purpose|invalid CA certificate",
        KafkaRefusal(_UNTRUSTED, Remedy.CHECK_KAFKA_CERTIFICATE()),
    ),
    (r"is not valid for", KafkaRefusal(_UNTRUSTED, Remedy.CHECK_KAFKA_HOST_NAME())),
    (r"CERTIFICATE_VERIFY_FAILED", KafkaRefusal(_UNTRUSTED, Remedy.CHECK_KAFKA_AUTHORITIES())),
    (
        r"ALERT_\w*(?:CERT|_CA\b|DENIED)",
        KafkaRefusal(LOGIN_REFUSED, Remedy.CHECK_KAFKA_OWN_CERTIFICATE()),
    ),
    (
        r"ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|INSUFFICIENT_SECURITY",
        KafkaRefusal(_OLD_TLS, Remedy.CHECK_KAFKA_TLS_VERSION()),
    ),
    (
        r"WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|Invalid frame length",
        KafkaRefusal(_OTHER_PROTOCOL, Remedy.CHECK_KAFKA_PROTOCOL()),
    ),
)


def is_refusal(error: BaseException) -> bool:
    """Whether an error says that the other side answered, and refused us or was refused."""
    return isinstance(error, _REFUSALS) or bool(_TLS.search(str(error))) or _answers_in_tls(error)


def refusal_by(error: BaseException, mechanism: str | None) -> KafkaRefusal:
    """What a refusal means; `mechanism` is what was logged in by."""
    return next(_meanings(error, mechanism))


def in_words(error: BaseException) -> str:
    """What an error says, with what the client leaves to be guessed."""
    if _answers_in_tls(error):
        return "it answers in TLS, which it was not spoken to in"
    if _ENDED_IN_HANDSHAKE.search(str(error)):
        return f"{error} (as a broker does that speaks no TLS at this address, or none from 1.2 on)"
    return str(error)


def _meanings(error: BaseException, mechanism: str | None) -> Iterator[KafkaRefusal]:
    yield from (refusal for kind, refusal in _BY_CLASS if isinstance(error, kind))
    if isinstance(error, SaslAuthenticationFailedError):
        is_token = mechanism == "OAUTHBEARER"
        remedy = Remedy.CHECK_KAFKA_TOKEN if is_token else Remedy.CHECK_KAFKA_PASSWORD
        yield KafkaRefusal(LOGIN_REFUSED, remedy())
    yield from (refusal for words, refusal in _BY_WORDS if re.search(words, str(error)))
    yield KafkaRefusal(LOGIN_REFUSED, Remedy.CHECK_KAFKA_LOGIN())


def _answers_in_tls(error: BaseException) -> bool:
    found = _FRAME_LENGTH.search(str(error))
    return found is not None and tuple(int(found[1]).to_bytes(8, "big")[4:6]) == _TLS_ALERT
