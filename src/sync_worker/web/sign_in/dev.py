"""Signing in as anybody of a list of made-up people, to try the page on one's own machine.

The settings refuse this way of signing in where the page listens to other machines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

from sync_worker.config.loopback import is_loopback
from sync_worker.domain.regions import Regions
from sync_worker.web.rights import Grant, Role
from sync_worker.web.rights_table import RightsTable, Rule
from sync_worker.web.sign_in import next_page
from sync_worker.web.sign_in.problems import REFUSED, UNTRUSTED, SignInError
from sync_worker.web.sign_in.protocol import Choice, Identity, Person, SignedIn

_CLAIM = "dev"


def _person(key: str, name: str, actor: str, *claims: str) -> Person:
    return Person(key, name, Identity(actor, {_CLAIM: list(claims)}))


PEOPLE = (
    _person("anna", "Anna Exempel", "SE2321000016-ADM1", "regional-01"),
    _person("bo", "Bo Exempel", "SE2321000024-ADM2", "regional-03"),
    _person("cia", "Cia Exempel", "SE2321000016-ADM3", "regional-01", "regional-03"),
    _person("dan", "Dan Exempel", "SE165565594230-ADM4", "national"),
    _person("eva", "Eva Exempel", "SE165565594230-SUP1", "support"),
    _person("fia", "Fia Exempel", "SE165565594230-DRF1", "operator"),
    _person("gun", "Gun Exempel", "SE2321000016-LAS1", "reader"),
    _person("hans", "Hans Exempel", "SE2321000016-ADM9"),
)
"""One for each role, one of two regions, and one without rights."""


@dataclass(frozen=True, slots=True)
class DevSignIn:
    """Takes everybody on this machine at their word."""

    people: Sequence[Person] = PEOPLE

    def begin(self, request: Request, target: str) -> Choice:
        """Whom to choose from."""
        _require_this_machine(request)
        return Choice(self.people, next_page.checked(target, request.app.routes))

    def finish(self, request: Request, given: Mapping[str, str]) -> SignedIn:
        """Whoever was chosen."""
        _require_this_machine(request)
        chosen = [person for person in self.people if person.key == given.get("person")]
        if not chosen:
            raise SignInError(REFUSED, "nobody of the list was chosen")
        target = next_page.checked(given.get("next", next_page.HOME), request.app.routes)
        return SignedIn(chosen[0].identity, target)

    def named_actor(self, request: Request) -> str | None:  # noqa: ARG002 - of the protocol
        """Only the session says so."""
        return None

    def prepare(self) -> None:
        """Nothing: nobody is asked."""

    def origins(self) -> Sequence[str]:
        """None: nobody is sent elsewhere."""
        return ()

    def sign_out_url(self, id_token: str | None) -> str | None:  # noqa: ARG002 - of the protocol
        """There is nowhere else to sign out."""
        return None


def rights_table(regions: Regions) -> RightsTable:
    """What the people of the list may do, where no table is set."""
    of_all = (Role.NATIONAL_ADMINISTRATOR, Role.SUPPORT, Role.OPERATOR, Role.READER)
    words = ("national", "support", "operator", "reader")
    rules = [Rule((_CLAIM,), word, Grant(role)) for word, role in zip(words, of_all, strict=True)]
    regional = Role.REGIONAL_ADMINISTRATOR
    rules += [
        Rule((_CLAIM,), f"regional-{code}", Grant(regional, frozenset({code}))) for code in regions
    ]
    return RightsTable(rules)


def _require_this_machine(request: Request) -> None:
    """Refuse others, should something on this machine bring them here."""
    host = urlsplit(str(request.base_url)).hostname or ""
    if not is_loopback(host) or _is_elsewhere(request):
        raise SignInError(UNTRUSTED, "dev sign-in is for this machine alone")


def _is_elsewhere(request: Request) -> bool:
    """Whether a request came from another address; one by a Unix socket has none."""
    try:
        return request.client is not None and not ip_address(request.client.host).is_loopback
    except ValueError:
        return False
