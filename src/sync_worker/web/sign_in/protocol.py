"""What every way of signing in does. The page knows no more of them than this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

AGAIN = "igen"
"""In the query of a sign-in that is begun once more because its first start was lost."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody whose identity is proven: what the log calls them, and what is said of them."""

    actor: str
    claims: Mapping[str, object]
    id_token: str | None = None
    """For signing out at the identity provider too."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody is signed in, and is sent to a page of ours."""

    identity: Identity
    next_page: str
    """A path with its query that a route of ours matches."""
    spent_cookies: tuple[str, ...] = ()
    """To be deleted; they have served."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to choose when trying; nobody real."""

    key: str
    name: str
    identity: Identity


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom to sign in as is chosen on a page of ours, whose form sends `person`, a key."""

    people: Sequence[Person]
    next_page: str


class SignIn(Protocol):
    """A way of signing in. Both steps raise `problems.SignInError`.

    Where that may start again, and somebody has no session, they are sent to sign in once more with
    `AGAIN` in the query.
    """

    def begin(self, request: Request, next_page: str) -> Response | Choice | SignedIn:
        """Somebody wants to sign in, and to see `next_page`, which need not be a page of ours.

        The response sends them elsewhere, from where they come back with what `finish` takes.
        """

    def finish(self, request: Request, given: Mapping[str, str]) -> SignedIn:
        """They come back; `given` is the query, or the form of a `Choice` with `next`."""

    def sign_out_url(self, id_token: str | None) -> str | None:
        """Where to send somebody whose session here has ended, so that it ends there too."""

    def prepare(self) -> None:
        """Called once, as the process starts: whatever is read then makes no request wait."""

    def origins(self) -> Sequence[str]:
        """The origins that forms of ours may lead to (`form-action` of the content policy)."""

    def named_actor(self, request: Request) -> str | None:
        """Who a request itself is from; None where only its session says so.

        To be asked for every page: a session of somebody else is over. Raises
        `problems.SignInError` as `begin` does.
        """
