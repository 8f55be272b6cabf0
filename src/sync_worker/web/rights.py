"""What somebody who is signed in may see and do on the page, and for which regions.

Rights are a sum of grants. None are there by default, and none are guessed.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class Role(StrEnum):
    """What somebody is to this service; several roles add up."""

    REGIONAL_ADMINISTRATOR = "regional_administrator"
    NATIONAL_ADMINISTRATOR = "national_administrator"
    SUPPORT = "support"
    OPERATOR = "operator"
    READER = "reader"


OF_REGIONS = frozenset({Role.REGIONAL_ADMINISTRATOR, Role.READER})
"""The roles that are given for regions; the others are for all."""
_READERS_OF_ALL = frozenset({Role.NATIONAL_ADMINISTRATOR, Role.SUPPORT})


@dataclass(frozen=True, slots=True)
class Grant:
    """One role, and the codes of the regions it is given for; None for all."""

    role: Role
    regions: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.role is Role.REGIONAL_ADMINISTRATOR and self.regions is None:
            raise ValueError("a regional administrator is one of named regions")

    @property
    def administered(self) -> frozenset[str] | None:
        """The regions whose clinics may be added and removed; None for all."""
        match self.role:
            case Role.NATIONAL_ADMINISTRATOR:
                return None
            case Role.REGIONAL_ADMINISTRATOR:
                return self.regions
            case _:
                return frozenset()

    @property
    def read(self) -> frozenset[str] | None:
        """The regions whose clinics may be seen; None for all."""
        if self.role in _READERS_OF_ALL:
            return None
        return self.regions if self.role in OF_REGIONS else frozenset()


@dataclass(frozen=True, slots=True)
class Rights:
    """All that somebody may; an empty one is false."""

    grants: frozenset[Grant] = frozenset()

    @classmethod
    def of(cls, role: Role, *regions: str) -> Self:
        """One role; for these regions where there are any, else for all."""
        return cls(frozenset({Grant(role, frozenset(regions) if regions else None)}))

    def __or__(self, other: "Rights") -> "Rights":
        return Rights(self.grants | other.grants)

    def __bool__(self) -> bool:
        return bool(self.grants)

    @property
    def roles(self) -> frozenset[Role]:
        """The roles, for whichever regions."""
        return frozenset(grant.role for grant in self.grants)

    @property
    def acting_for(self) -> frozenset[str] | None:
        """The regions that an act is done for, as R5 wants it; None nationally, empty: none."""
        return _sum(grant.administered for grant in self.grants)

    @property
    def reading(self) -> frozenset[str] | None:
        """The regions that may be seen; None for all, empty: none."""
        return _sum(grant.read for grant in self.grants)

    @property
    def is_administrator(self) -> bool:
        """Whether clinics of any region may be added and removed."""
        return self.acting_for is None or bool(self.acting_for)

    @property
    def is_support(self) -> bool:
        """Whether changes of patient boards may be planned."""
        return Role.SUPPORT in self.roles

    @property
    def is_operator(self) -> bool:
        """Whether holds and dead letters may be seen."""
        return Role.OPERATOR in self.roles

    def may_administer(self, code: str) -> bool:
        """Whether clinics of a region may be added and removed."""
        return self.acting_for is None or code in self.acting_for

    def may_administer_clinic(self, code: str | None) -> bool:
        """Whether a clinic of this region may be; without a region it is any administrator's."""
        return self.is_administrator if code is None else self.may_administer(code)

    def may_read(self, code: str) -> bool:
        """Whether a region and its clinics may be seen."""
        return self.reading is None or code in self.reading

    def readable_regions(self, every: Iterable[str]) -> list[str]:
        """Those of all regions that may be seen, in their order."""
        return [code for code in every if self.may_read(code)]

    def to_json(self) -> str:
        """The document that a session keeps."""
        documents = [
            {
                "role": grant.role.value,
                "regions": None if grant.regions is None else sorted(grant.regions),
            }
            for grant in self.grants
        ]
        return json.dumps(sorted(documents, key=json.dumps))

    @classmethod
    def from_json(cls, document: str) -> Self:
        """The rights of such a document.

        Raises:
            ValueError: it is none. Another version of this program wrote it.
        """
        try:
            return cls(frozenset(map(_grant, json.loads(document))))
        except (KeyError, TypeError) as error:
            raise ValueError("the document does not state rights") from error


def _grant(document: dict[str, Any]) -> Grant:
    regions = document["regions"]
    return Grant(Role(document["role"]), None if regions is None else frozenset(regions))


def _sum(parts: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """The union; None, which is all, takes everything in."""
    total: frozenset[str] = frozenset()
    for part in parts:
        if part is None:
            return None
        total |= part
    return total
