"""Talks to an OpenID Connect identity provider: discovery, codes for tokens, and who a token names.

Authlib checks the ID token (signature, issuer, audience, times, nonce, at_hash) and makes PKCE's
challenge. The rest is ours: which algorithms count, and whose fault it is when something fails.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.base_client.sync_openid import OpenIDMixin
from authlib.integrations.httpx_client import OAuth2Client
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError

from sync_worker.config.validators import token_url
from sync_worker.web.sign_in.problems import (
    CLOCK_SKEW,
    INVALID,
    LOST_START,
    UNAVAILABLE,
    SignInError,
)

_TIMEOUT_SECONDS = 5.0
_LEEWAY_SECONDS = 120
_READ_AGAIN_AFTER_SECONDS = 3600
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures that only the provider can make; "none" and those by a shared secret do not count."""
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_TIMES = ("iat", "nbf")


@dataclass
class Provider(OpenIDMixin):
    """An identity provider, known by its discovery document, which is read again every hour."""

    issuer: str
    client_id: str
    scope: str
    redirect_uri: str
    client_secret: Callable[[], str] | None = None
    server_metadata: dict[str, Any] = field(default_factory=dict)
    _read_at: float = 0.0

    def load_server_metadata(self) -> dict[str, Any]:
        """The discovery document, checked.

        Raises:
            SignInError: it cannot be had, or is not the issuer's.
        """
        age = time.monotonic() - self._read_at
        if not self.server_metadata or age > _READ_AGAIN_AFTER_SECONDS:
            address = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
            with _answered(), self._get_session() as session:
                answer = session.request("GET", address, withhold_token=True)
                answer.raise_for_status()
                self.server_metadata = self._checked(answer.json())
            self._read_at = time.monotonic()
        return self.server_metadata

    def authorization_url(self, verifier: str, **parameters: str) -> str:
        """Where to send a browser, with the challenge of a PKCE verifier."""
        endpoint = self.load_server_metadata()["authorization_endpoint"]
        with self._get_session() as session:
            url, _ = session.create_authorization_url(
                endpoint, code_verifier=verifier, **parameters
            )
        return str(url)

    def claims(self, code: str, verifier: str, nonce: str) -> tuple[dict[str, object], str]:
        """Who a code stands for: the ID token's claims, and the token itself.

        Raises:
            SignInError: the provider does not answer, or what it answers cannot be trusted.
        """
        endpoint = self.load_server_metadata()["token_endpoint"]
        with _answered(), self._get_session() as session:
            token = session.fetch_token(
                endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
            )
        claims = self._verified(token, nonce)
        if claims is None:
            raise SignInError(INVALID, "the provider gave no ID token")
        return dict(claims), str(token["id_token"])

    def _verified(self, token: dict[str, Any], nonce: str) -> dict[str, object] | None:
        # Authlib alone takes a token for others whose azp is ours.
        ours = {"iss": {"value": self.issuer}, "aud": {"value": self.client_id}}
        try:
            with _answered(), _trusted():
                return self.parse_id_token(
                    token, nonce, claims_options=ours, leeway=_LEEWAY_SECONDS
                )
        except SignInError:
            self.server_metadata.pop("jwks", None)  # they may be the reason
            raise

    def fetch_jwk_set(self, force: bool = False) -> dict[str, Any]:
        """The provider's keys, which Authlib keeps; called by Authlib too."""
        keys = super().fetch_jwk_set(force)
        listed = keys.get("keys") if isinstance(keys, dict) else None
        if not isinstance(listed, list) or not all(isinstance(key, dict) for key in listed):
            raise SignInError(INVALID, "the provider's keys cannot be read")
        return dict(keys)

    def _get_session(self) -> OAuth2Client:
        """A client of the provider; Authlib's own methods ask for it by this name."""
        secret = self.client_secret() if self.client_secret is not None else None
        methods = self.server_metadata.get("token_endpoint_auth_methods_supported")
        by_body = methods and "client_secret_basic" not in methods
        return OAuth2Client(
            client_id=self.client_id,
            client_secret=secret,
            token_endpoint_auth_method="client_secret_post" if secret and by_body else None,
            scope=self.scope,
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
            timeout=_TIMEOUT_SECONDS,
        )

    def _checked(self, document: Any) -> dict[str, Any]:
        """The discovery document without what does not count in it."""
        if not isinstance(document, dict) or document.get("issuer") != self.issuer:
            raise SignInError(INVALID, "the discovery document is of another issuer")
        for name in _ENDPOINTS:
            address = document.get(name)
            token_url(address if isinstance(address, str) else "")
        listed = document.get("id_token_signing_alg_values_supported") or ["RS256"]
        algorithms = [name for name in listed if name in _ALGORITHMS]
        if not algorithms:
            raise SignInError(INVALID, "the provider signs with no algorithm that counts")
        document.pop("jwks", None)  # keys come from where the document says, and from nowhere else
        return document | {"id_token_signing_alg_values_supported": algorithms}


@contextmanager
def _answered() -> Iterator[None]:
    """Whose fault it is that the provider gave no good answer."""
    try:
        yield
    except httpx2.HTTPError as error:
        raise SignInError(UNAVAILABLE, f"no answer: {type(error).__name__}") from error
    except OAuthError as error:
        is_old = error.error == "invalid_grant"
        raise SignInError(LOST_START if is_old else INVALID, f"answer: {error.error}") from error
    except ValueError as error:
        raise SignInError(INVALID, "the answer is not as OpenID Connect has it") from error


@contextmanager
def _trusted() -> Iterator[None]:
    """Why an ID token that has just been given does not count."""
    try:
        yield
    except ExpiredTokenError as error:
        raise SignInError(CLOCK_SKEW, "the ID token expired before it came") from error
    except InvalidClaimError as error:
        is_time = error.claim in _TIMES
        raise SignInError(CLOCK_SKEW if is_time else INVALID, f"claim {error.claim}") from error
    except JoseError as error:
        raise SignInError(INVALID, f"ID token: {error.error}") from error
