"""What became of the tries to connect to a cluster, for all clients of this process together.

The client itself tries again and again, raises at last that its time is over, and tells the reason
to its log alone. Here the reason is kept, with the host that it is about. A cluster that is there
and refuses us is another thing than one that is away: it is tried ever more slowly.
"""

import re
from dataclasses import dataclass

from kafka.errors import (
    AuthorizationError,
    IllegalSaslStateError,
    KafkaConnectionError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)

from sync_worker.logins.refusals import Refusals
from sync_worker.stream.source import StreamAway, StreamRefused

FILE_ERRORS = (FileNotFoundError, PermissionError, IsADirectoryError)
"""What a file of a login that cannot be read now ends in."""


class UnusableFiles(KafkaConnectionError):
    """A certificate or a key cannot be used now, as while they are being exchanged."""


_REFUSALS = (
    *FILE_ERRORS,
    AuthorizationError,
    IllegalSaslStateError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
    UnusableFiles,
)
_TLS = re.compile(r"\[(?:SSL|X509|PEM)[:\w ]*\](?!.*EOF)")
"""What OpenSSL says of the other side's answer; one that just ends tells nothing."""


def is_refusal(error: BaseException) -> bool:
    """Whether an error says that the other side was there, and did not have us."""
    return isinstance(error, _REFUSALS) or bool(_TLS.search(str(error)))


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the last connection to an address failed."""

    address: str
    is_advertised: bool
    """The address is one that the brokers themselves gave, and no setting."""
    error: BaseException

    @property
    def is_refusal(self) -> bool:
        """Whether the other side was there, and did not have us."""
        return is_refusal(self.error)

    def __str__(self) -> str:
        if self.is_refusal:
            return f"{self.address} answers, and no connection can be made: {self.error}"
        if not self.is_advertised:
            return f"the last try, of {self.address}, failed with {self.error}"
        return (
            f"a broker tells clients to reach it at {self.address}, which fails here with "
            f"{self.error}: its advertised.listeners must have an address that this machine reaches"
        )


class Attempts:
    """The last failure of each address, until it can be connected to; usable from any thread."""

    def __init__(self, refusals: Refusals | None = None) -> None:
        self.refusals = refusals or Refusals()
        self._failures: dict[str, Failure] = {}

    def __reduce__(self) -> tuple[type["Attempts"], tuple[()]]:
        """Another process has connections of its own, and begins without ours."""
        return Attempts, ()

    @property
    def refusal(self) -> Failure | None:
        """The last refusal, where we are refused."""
        refusals = [failure for failure in [*self._failures.values()] if failure.is_refusal]
        return refusals[-1] if refusals and self.refusals.since else None

    def is_refused_by(self, address: str) -> bool:
        """Whether the last try of this address was refused."""
        failure = self._failures.get(address)
        return failure is not None and failure.is_refusal

    def failed(self, failure: Failure) -> None:
        """Keep why."""
        self._failures.pop(failure.address, None)
        self._failures[failure.address] = failure
        if failure.is_refusal:
            self.refusals.refused(str(failure))

    def succeeded(self, address: str) -> None:
        """Forget what was wrong with the address: we are let in."""
        self._failures.pop(address, None)
        self.refusals.accepted()

    def told(self) -> str | None:
        """That we are refused, since when and why; None where we are not."""
        since, refusal = self.refusals.since, self.refusal
        if since is None or refusal is None:
            return None
        return f"Kafka refuses us since {since:%Y-%m-%dT%H:%M:%SZ}: {refusal}"

    def away(self, error: BaseException, before: str = "") -> StreamAway:
        """What to raise where no answer came: away, or refused, and why."""
        failures = list(self._failures.values())
        refusal = self.refusal
        last = (
            refusal
            or next((f for f in failures if f.is_advertised), None)
            or (failures[-1] if failures else None)
        )
        said = f"{before}{error}; {last}" if last else f"{before}{error}"
        if refusal is None:
            return StreamAway(said)
        return StreamRefused(f"{before}{refusal}")
