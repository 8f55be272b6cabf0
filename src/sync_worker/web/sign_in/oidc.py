"""Signing in at an OpenID Connect identity provider: Authorization Code with PKCE."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sync_worker.web.sign_in import actors, begun, next_page
from sync_worker.web.sign_in.problems import (
    INVALID,
    LOST_START,
    REFUSED,
    UNAVAILABLE,
    WEAK,
    SignInError,
)
from sync_worker.web.sign_in.protocol import AGAIN, Identity, SignedIn
from sync_worker.web.sign_in.provider import Provider

CALLBACK_PATH = "/logga-in/klar"
SIGNED_OUT_PATH = "/utloggad"
_ISS_IS_SENT = "authorization_response_iss_parameter_supported"
_ERRORS = {
    "server_error": UNAVAILABLE,
    "temporarily_unavailable": UNAVAILABLE,
    "unmet_authentication_requirements": WEAK,
}
"""Of RFC 6749 (4.1.2.1) and of OpenID Connect Core Unmet Authentication Requirements."""


@dataclass(frozen=True, slots=True)
class OidcSignIn:
    """Sends people to an identity provider, and takes who it says they are."""

    provider: Provider
    base_url: str
    actor_claim: str
    acr: Sequence[str] = ()
    """The levels of assurance that suffice; any where empty."""

    def begin(self, request: Request, target: str) -> Response:
        """Send somebody to the provider."""
        checked = next_page.checked(target, request.app.routes)
        new = begun.begin(checked, time.time(), is_second=AGAIN in request.query_params)
        asked = {"acr_values": " ".join(self.acr)} if self.acr else {}
        url = self.provider.authorization_url(
            new.verifier, state=new.state, nonce=new.nonce, **asked
        )
        response = RedirectResponse(url, status_code=303)
        begun.remember(response, new, request.cookies)
        return response

    def finish(self, request: Request, given: Mapping[str, str]) -> SignedIn:
        """Somebody comes back from the provider."""
        if len(request.query_params.multi_items()) != len(request.query_params):
            raise SignInError(INVALID, "the answer says something twice")
        state = given.get("state", "")
        start = begun.find(request.cookies, state, time.time())
        if start is None:
            is_first = not begun.is_second(state)
            detail = "no such sign-in was begun in this browser"
            raise SignInError(LOST_START, detail, may_start_again=is_first and "error" not in given)
        self._check_answer(given)
        claims, id_token = self.provider.claims(given["code"], start.verifier, start.nonce)
        identity = Identity(self._actor(claims), claims, id_token)
        target = next_page.checked(start.next_page, request.app.routes)
        return SignedIn(identity, target, (start.cookie,))

    def sign_out_url(self, id_token: str | None) -> str | None:
        """The provider's end of the session (RP-Initiated Logout), where it has one."""
        try:
            if not self.provider.load_server_metadata().get("end_session_endpoint"):
                return None
        except SignInError:  # the session here has ended all the same
            return None
        url = self.provider.create_logout_url(
            post_logout_redirect_uri=self.base_url + SIGNED_OUT_PATH,
            id_token_hint=id_token,
            client_id=self.provider.client_id,
        )
        return str(url["url"])

    def named_actor(self, request: Request) -> str | None:  # noqa: ARG002 - of the protocol
        """Only the session says so."""
        return None

    def prepare(self) -> None:
        """Read the discovery document; where the provider is unavailable, that is done later."""
        with suppress(SignInError):
            self.provider.load_server_metadata()

    def origins(self) -> Sequence[str]:
        """Those of the issuer, and of the addresses it is known to send people to."""
        known = self.provider.server_metadata
        addresses = (
            self.provider.issuer,
            known.get("authorization_endpoint"),
            known.get("end_session_endpoint"),
        )
        parts = (urlsplit(address) for address in addresses if address)
        return tuple(dict.fromkeys(f"{part.scheme}://{part.netloc}" for part in parts))

    def _check_answer(self, given: Mapping[str, str]) -> None:
        """Whether the answer is this provider's (RFC 9207), and has a code."""
        is_sent = self.provider.load_server_metadata().get(_ISS_IS_SENT, False)
        if given.get("iss", None if is_sent else self.provider.issuer) != self.provider.issuer:
            raise SignInError(INVALID, "the answer is not this issuer's")
        if error := given.get("error"):
            raise SignInError(_ERRORS.get(error, REFUSED), "the provider answered with an error")
        if not given.get("code"):
            raise SignInError(INVALID, "the answer has no code")

    def _actor(self, claims: Mapping[str, object]) -> str:
        if self.acr and claims.get("acr") not in self.acr:
            raise SignInError(WEAK, "acr is not among those that suffice")
        return actors.checked(claims.get(self.actor_claim), f"the claim {self.actor_claim}")
