"""Why somebody could not sign in, in the words of the page that says so."""

from dataclasses import dataclass

from sync_worker.language import Message


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason: the page's heading, its text with what to do, and the status it is sent with."""

    code: str
    heading: Message
    text: Message
    status: int


class SignInError(Exception):
    """Somebody is not signed in; the exception's text is for the log and names no person."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(detail or problem.code)
        self.problem = problem


_NOT_SIGNED_IN = Message(sv="Du är inte inloggad", en="You are not signed in")
_NOT_NOW = Message(sv="Det går inte att logga in just nu", en="You cannot sign in just now")

REFUSED = Problem(
    "refused",
    _NOT_SIGNED_IN,
    Message(
        sv="Inloggningen avbröts eller nekades. Försök igen, eller vänd dig till den som sköter "
        "din inloggning.",
        en="Signing in was cancelled or refused. Try again, or ask whoever is in charge of your "
        "sign-in.",
    ),
    403,
)
UNAVAILABLE = Problem(
    "unavailable",
    _NOT_NOW,
    Message(
        sv="Inloggningstjänsten svarar inte. Försök igen om en stund.",
        en="The sign-in service does not answer. Try again in a while.",
    ),
    503,
)
LOST_START = Problem(
    "lost_start",
    _NOT_SIGNED_IN,
    Message(
        sv="Inloggningen tog för lång tid, eller påbörjades i ett annat fönster. Logga in igen.",
        en="Signing in took too long, or was begun in another window. Sign in again.",
    ),
    400,
)
"""The page begins once more before it shows this, at the most once."""
CLOCK_SKEW = Problem(
    "clock_skew",
    _NOT_NOW,
    Message(
        sv="Klockan hos oss och hos inloggningstjänsten går olika. Kontakta supporten.",
        en="Our clock and that of the sign-in service differ. Contact support.",
    ),
    503,
)
WEAK = Problem(
    "weak",
    _NOT_SIGNED_IN,
    Message(
        sv="Du loggade in på ett sätt som inte räcker här. Logga in igen med ditt SITHS-kort "
        "eller en annan e-legitimation på tillräcklig nivå.",
        en="You signed in in a way that is not enough here. Sign in again with your SITHS card "
        "or another electronic ID of a sufficient level.",
    ),
    403,
)
NOBODY = Problem(
    "nobody",
    _NOT_SIGNED_IN,
    Message(
        sv="Inloggningen sade inte vem du är. Vänd dig till din regions förvaltning.",
        en="The sign-in did not say who you are. Ask your region's administration office.",
    ),
    403,
)
UNTRUSTED = Problem(
    "untrusted",
    _NOT_SIGNED_IN,
    Message(
        sv="Begäran kom inte genom den inloggning som gäller här. Öppna sidan från din startsida.",
        en="The request did not come through the sign-in that counts here. Open the page from "
        "your start page.",
    ),
    403,
)
AMBIGUOUS = Problem(
    "ambiguous",
    _NOT_SIGNED_IN,
    Message(
        sv="Begäran sade mer än en sak om vem du är, så ingen loggades in. Kontakta supporten.",
        en="The request said more than one thing of who you are, so nobody was signed in. "
        "Contact support.",
    ),
    400,
)
INVALID = Problem(
    "invalid",
    _NOT_NOW,
    Message(
        sv="Svaret från inloggningstjänsten gick inte att lita på, så ingen loggades in. Försök "
        "igen, och kontakta supporten om det händer igen.",
        en="The answer of the sign-in service could not be trusted, so nobody was signed in. Try "
        "again, and contact support if it happens again.",
    ),
    400,
)
