"""Sign-ins that a browser has begun and not finished, each in a cookie of its own.

So any process can finish what another began, and one tab does not spoil another's. The cookies are
not signed: decision 0048 says why nobody gains by writing one.
"""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256

from starlette.responses import Response

_PREFIX = "__Host-start-"
_MOST = 4
_LASTS_SECONDS = 1800
_RANDOM_BYTES = 32
_SECOND = "2."
"""Begins the state of a second attempt, which comes back even where no cookie does."""


@dataclass(frozen=True, slots=True)
class BegunSignIn:
    """What must come back from the identity provider, and where somebody wanted to go."""

    state: str
    nonce: str
    verifier: str
    """PKCE's."""
    next_page: str
    at: float
    """Seconds since 1970."""

    @property
    def cookie(self) -> str:
        """The name of its cookie."""
        return _PREFIX + sha256(self.state.encode()).hexdigest()[:16]


def begin(next_page: str, at: float, *, is_second: bool) -> BegunSignIn:
    """A new one, which nobody can guess."""
    state, nonce, verifier = (secrets.token_urlsafe(_RANDOM_BYTES) for _ in range(3))
    return BegunSignIn(_SECOND + state if is_second else state, nonce, verifier, next_page, at)


def is_second(state: str) -> bool:
    """Whether a state is of a second attempt: a third would be no better."""
    return state.startswith(_SECOND)


def find(cookies: Mapping[str, str], state: str, at: float) -> BegunSignIn | None:
    """The one with a state, unless it is too old."""
    for begun in _read(cookies):
        if secrets.compare_digest(begun.state.encode(), state.encode()):
            return begun if at - begun.at <= _LASTS_SECONDS else None
    return None


def remember(response: Response, begun: BegunSignIn, cookies: Mapping[str, str]) -> None:
    """Have the browser keep it, and forget the oldest where it keeps too many."""
    document = json.dumps(asdict(begun), separators=(",", ":")).encode()
    response.set_cookie(
        begun.cookie,
        base64.urlsafe_b64encode(document).decode(),
        max_age=_LASTS_SECONDS,
        secure=True,
        httponly=True,
        samesite="lax",
    )
    newest = sorted(_read(cookies), key=lambda other: other.at, reverse=True)
    kept = {other.cookie for other in newest[: _MOST - 1]}
    for name in cookies:
        if name.startswith(_PREFIX) and name not in kept:
            response.delete_cookie(name, secure=True, httponly=True, samesite="lax")


def _read(cookies: Mapping[str, str]) -> list[BegunSignIn]:
    found = (_parsed(text) for name, text in cookies.items() if name.startswith(_PREFIX))
    return [begun for begun in found if begun is not None and begun.cookie in cookies]


def _parsed(text: str) -> BegunSignIn | None:
    try:
        document = json.loads(base64.urlsafe_b64decode(text))
        begun = BegunSignIn(**document)
    except (ValueError, TypeError, RecursionError):
        return None
    texts = (begun.state, begun.nonce, begun.verifier, begun.next_page)
    is_whole = all(isinstance(value, str) for value in texts)
    return begun if is_whole and isinstance(begun.at, float) else None
