"""Who may see a page: said with each page, and checked before it is made."""

from enum import StrEnum

from sync_worker.web.rights import Rights, Role

_READERS = frozenset(
    {Role.REGIONAL_ADMINISTRATOR, Role.NATIONAL_ADMINISTRATOR, Role.SUPPORT, Role.READER}
)
_ROLES = {
    "administrators": frozenset({Role.REGIONAL_ADMINISTRATOR, Role.NATIONAL_ADMINISTRATOR}),
    "readers": _READERS,
    "support": frozenset({Role.SUPPORT}),
    "operators": frozenset({Role.OPERATOR, Role.SUPPORT}),
    "rights": frozenset(Role),
}


class Access(StrEnum):
    """Which people a page is for. Which regions they may see on it is for the page to ask."""

    ALL = "all"
    """Also who is not signed in."""
    SIGNED_IN = "signed_in"
    """Also who has no rights at all."""
    RIGHTS = "rights"
    """Who has any."""
    READERS = "readers"
    """Who may see clinics."""
    ADMINISTRATORS = "administrators"
    SUPPORT = "support"
    OPERATORS = "operators"
    """And support, who look at the same numbers."""

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that let somebody see it; none where no role is needed."""
        return _ROLES.get(self.value, frozenset())

    @property
    def needs_session(self) -> bool:
        """Whether one has to be signed in."""
        return self is not Access.ALL

    def is_given_by(self, rights: Rights) -> bool:
        """Whether somebody who is signed in, with these rights, may see it."""
        return not self.roles or bool(self.roles & rights.roles)
