"""Signing in behind a proxy that has done it, and says in headers who it is.

A header is believed only from the proxy's address and with its secret. Each one counts once: where
a proxy appends to what a browser sent, the first value is the browser's. Some servers in between
take `X_Auth_User` and `X.Auth.User` for `X-Auth-User`: these are refused. `X-Forwarded-*` is never
read.
"""

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.requests import Request

from sync_worker.web.sign_in import actors, next_page
from sync_worker.web.sign_in.problems import AMBIGUOUS, UNTRUSTED, SignInError
from sync_worker.web.sign_in.protocol import Identity, SignedIn

_ALIASES = re.compile(rb"[_.]")


@dataclass(frozen=True, slots=True)
class HeaderSignIn:
    """Believes a proxy's headers."""

    networks: Sequence[IPv4Network | IPv6Network]
    """The proxy's addresses."""
    trusts_socket: bool
    """Whether whoever connects to a Unix socket is the proxy."""
    user: str
    claims: Sequence[str]
    secret_name: str
    secret: Callable[[], str]

    def begin(self, request: Request, target: str) -> SignedIn:
        """Who the proxy says it is."""
        return SignedIn(self.identity(request), next_page.checked(target, request.app.routes))

    def finish(self, request: Request, given: Mapping[str, str]) -> SignedIn:
        """The same: nobody was sent elsewhere."""
        return self.begin(request, given.get("next", next_page.HOME))

    def named_actor(self, request: Request) -> str | None:
        """The proxy says so with every request: the next one at a computer may be another."""
        return self.identity(request).actor

    def prepare(self) -> None:
        """Nothing: the proxy asks."""

    def origins(self) -> Sequence[str]:
        """None: the proxy asks before a request comes here."""
        return ()

    def sign_out_url(self, id_token: str | None) -> str | None:  # noqa: ARG002 - of the protocol
        """The proxy's own; it is not known here."""
        return None

    def identity(self, request: Request) -> Identity:
        """Who a request is from.

        Raises:
            SignInError: it does not come from the proxy, or says two things, or nobody.
        """
        if not self._is_peer(request):
            raise SignInError(UNTRUSTED, "the request does not come from a trusted peer")
        given = self._given(request.headers.raw)
        if not hmac.compare_digest(given.get(self.secret_name, b""), self.secret().encode()):
            raise SignInError(UNTRUSTED, "the proxy's secret is missing or wrong")
        actor = actors.checked(_text(given.get(self.user, b"")), f"the header {self.user}")
        return Identity(actor, {name: _listed(_text(given.get(name, b""))) for name in self.claims})

    def _is_peer(self, request: Request) -> bool:
        if request.client is None or not request.client.host:
            return self.trusts_socket
        try:
            address = ip_address(request.client.host)
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any((mapped or address) in network for network in self.networks)

    def _given(self, headers: Sequence[tuple[bytes, bytes]]) -> dict[str, bytes]:
        """The headers that are believed, each once."""
        names = {
            name.lower().encode(): name for name in (self.user, self.secret_name, *self.claims)
        }
        given: dict[str, bytes] = {}
        for raw_name, value in headers:
            name = names.get(_ALIASES.sub(b"-", raw_name.lower()))
            if name is None:
                continue
            if name in given or raw_name.lower() not in names:
                raise SignInError(AMBIGUOUS, f"{name} is there twice, or under another name")
            given[name] = value
        return given


def _text(value: bytes) -> str:
    """A header's value; one that is not text in UTF-8 says two things to two readers."""
    try:
        text = value.decode().strip()
    except UnicodeDecodeError:
        raise SignInError(AMBIGUOUS, "a header is not text in UTF-8") from None
    if not text.isprintable():
        raise SignInError(AMBIGUOUS, "a header has control characters")
    return text


def _listed(text: str) -> list[str]:
    """The values of a claim: those between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]
