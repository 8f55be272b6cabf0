"""Tokens for logins by OAUTHBEARER: from a file, or from an authorisation server.

No message repeats what a server or a file said, except an error code of RFC 6749.
"""

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import quote_plus, urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from kafka.errors import KafkaConnectionError, KafkaError, SaslAuthenticationFailedError

from sync_worker.files import secret_files

_REQUEST_TIMEOUT_SECONDS = 3.0
"""Short, since the client's own thread waits for the server, and its heartbeats with it."""
_MAX_ANSWER_BYTES = 2**20
_RENEWAL_FRACTION = 0.2
"""The last part of a token's lifetime, in which the next login fetches a new one."""
_CLOCK_DIFFERENCE_SECONDS = 5.0
"""So long before its end a token is used no more, also where there is no new one."""
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
_CODE = re.compile(r"[a-z_]{1,40}")


class NoToken(KafkaConnectionError):
    """There is no token to log in with now."""


class TokenRefused(SaslAuthenticationFailedError):
    """There is no token, and asking again will not give one."""


class Tokens(Protocol):
    """Where the token of each login comes from."""

    def __call__(self) -> str:
        """A token to log in with; raises NoToken or TokenRefused."""

    def forget(self) -> None:
        """The brokers refused the last one."""


class TokenFile:
    """A token in a file, where something else renews it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> str:
        """The current token; raises TokenRefused where there is none."""
        try:
            return _token(secret_files.read(self._path).decode("ascii").strip())
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not ASCII"
            raise TokenRefused(f"the token in {self._path} cannot be read: {why}") from None

    def forget(self) -> None:
        """Nothing is kept of the file."""


class ClientCredentials:
    """Tokens for a client id and its secret, each kept for most of its lifetime (RFC 6749, 4.4)."""

    def __init__(
        self,
        url: str,
        client_id: str,
        client_secret: Callable[[], str],
        scope: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = scope
        self._clock = clock
        self._token = ""
        self._renewed_at = self._used_until = self._silent_until = 0.0
        self._secret_used = ""
        self._failure = NoToken()

    def __call__(self) -> str:
        """A token that is valid for a while; raises NoToken or TokenRefused.

        While the server gives no new one, the last is used for as long as it is valid.
        """
        secret = self._client_secret()
        is_current = secret == self._secret_used
        if is_current and self._clock() < self._renewed_at:
            return self._token
        try:
            self._fetch(secret)
        except NoToken:
            if not is_current or self._clock() >= self._used_until:
                raise
        return self._token

    def forget(self) -> None:
        """Have the next login fetch a new one: the server may sign with another key."""
        self._renewed_at = self._used_until = 0.0

    def _fetch(self, secret: str) -> None:
        asked_at = self._clock()
        if asked_at < self._silent_until:
            raise self._failure.with_traceback(None)
        try:
            answer = self._answer(secret)
        except NoToken as failure:
            # The client does nothing else while it waits: it must not wait all of the time.
            self._failure, failed_at = failure, self._clock()
            self._silent_until = failed_at + (failed_at - asked_at)
            raise
        self._token = _token(answer.get("access_token"))
        self._secret_used = secret
        lifetime = answer.get("expires_in")
        # Where the server does not say, each login fetches a new one.
        seconds = lifetime if isinstance(lifetime, int | float) else 0
        self._renewed_at = asked_at + seconds * (1 - _RENEWAL_FRACTION)
        self._used_until = asked_at + seconds - _CLOCK_DIFFERENCE_SECONDS

    def _answer(self, secret: str) -> Mapping[str, Any]:
        pair = f"{quote_plus(self._client_id)}:{quote_plus(secret)}"
        scope = {"scope": self._scope} if self._scope else {}
        request = Request(  # noqa: S310 - the setting takes https, and http on this machine alone
            self._url,
            urlencode({"grant_type": "client_credentials", **scope}).encode(),
            {
                "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
                "Accept": "application/json",
            },
        )
        try:
            with build_opener(_NoRedirect).open(
                request, timeout=_REQUEST_TIMEOUT_SECONDS
            ) as response:
                return _object(response.read(_MAX_ANSWER_BYTES))
        except HTTPError as error:
            with error:
                raise _refused(self._url, error) from None
        except (URLError, OSError, HTTPException) as error:
            why = getattr(error, "reason", None) or type(error).__name__
            raise NoToken(f"{self._url} gives no token: {why}") from None


class _NoRedirect(HTTPRedirectHandler):
    """The client's secret is sent to the configured server only."""

    def redirect_request(self, *_arguments: Any, **_named: Any) -> None:
        return None


def _refused(url: str, error: HTTPError) -> KafkaError:
    """Whether asking again can help, by the status of the answer."""
    said = f"{url} gives no token: it answers {error.code}"
    if error.code >= 500 or error.code in {408, 429}:
        return NoToken(said)
    try:
        code = _object(error.read(_MAX_ANSWER_BYTES)).get("error")
    except (TokenRefused, OSError, HTTPException):
        code = None
    is_code = isinstance(code, str) and _CODE.fullmatch(code)
    return TokenRefused(f"{said}, {code}" if is_code else said)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise TokenRefused("the authorisation server's answer is not a JSON object")
    return answer


def _token(text: object) -> str:
    """A token as defined by RFC 6750; anything else could end the message that it is sent in."""
    if not isinstance(text, str) or _TOKEN.fullmatch(text) is None:
        raise TokenRefused("the token is malformed")
    return text
