"""The table that says what is given for what is said of somebody at sign-in.

It is a JSON list of rules. A rule names a claim, the value that it needs, the role that it gives,
and the regions that the role is for; decision 0048 says why nothing else gives rights.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sync_worker.domain.regions import Regions
from sync_worker.errors import Exit, UserError
from sync_worker.remedies import Remedy
from sync_worker.web import authorization_scope
from sync_worker.web.rights import OF_REGIONS, Grant, Rights, Role

_NEEDED = frozenset({"claim", "value", "role"})
_KEYS = _NEEDED | {"regions", "unit", "include_units_below"}
_OF_UNITS = "include_units_below"
_ALL = "all"
_SETTING = "SYNC_WORKER_WEB_RIGHTS"


@dataclass(frozen=True, slots=True)
class Rule:
    """A claim with a value gives a role; with a unit, the claim is an authorization scope."""

    claim: Sequence[str]
    """The names that lead to it: one, or those of the objects around it, outermost first."""
    value: str
    grant: Grant
    unit: str | None = None
    needs_units_below: bool = True

    def applies(self, claims: Mapping[str, object]) -> bool:
        """Whether these claims have what the rule needs."""
        if self.unit is None:
            found = _found(claims, self.claim)
            return self.value in (found if isinstance(found, list | tuple) else (found,))
        return any(
            scope.attribute == self.value
            and scope.unit == self.unit
            and (scope.includes_below or not self.needs_units_below)
            for scope in authorization_scope.read(claims, self.claim[-1])
        )


@dataclass(frozen=True, slots=True)
class RightsTable:
    """All rules; without one that applies, nobody may do anything."""

    rules: Sequence[Rule] = ()

    def rights(self, claims: Mapping[str, object]) -> Rights:
        """What somebody may of whom this is said: the sum of all rules that apply."""
        return Rights(frozenset(rule.grant for rule in self.rules if rule.applies(claims)))

    @classmethod
    def load(cls, setting: str | None, regions: Regions) -> Self:
        """The table of a setting: JSON, or the path of a file with it.

        Raises:
            UserError: it cannot be read, or a rule cannot be right.
        """
        if setting is None:
            return cls()
        try:
            return cls(_rules(_parsed(setting), regions))
        except ValueError as error:
            raise UserError(
                Exit.USAGE,
                f"{_SETTING} is not right: {error}.",
                hint=Remedy.CORRECT_SETTINGS(),
                code="configuration",
            ) from None


def _parsed(setting: str) -> object:
    text = setting
    if not setting.lstrip().startswith(("[", "{")):
        try:
            text = Path(setting).read_text(encoding="utf-8-sig")
        except (OSError, ValueError):
            raise ValueError("the file that it names cannot be read as text in UTF-8") from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None


def _rules(document: object, regions: Regions) -> tuple[Rule, ...]:
    if not isinstance(document, list):
        raise ValueError("it is not a list of rules")  # noqa: TRY004 - of a document
    rules = []
    for number, item in enumerate(document, 1):
        try:
            rules.append(_rule(item, regions))
        except ValueError as error:
            raise ValueError(f"rule {number} {error}") from None
    return tuple(rules)


def _rule(item: object, regions: Regions) -> Rule:
    if not isinstance(item, dict):
        raise ValueError("is not an object")  # noqa: TRY004
    if missing := _NEEDED - item.keys():
        raise ValueError(f"lacks {', '.join(sorted(missing))}")
    if unknown := item.keys() - _KEYS:
        raise ValueError(f"has {', '.join(sorted(unknown))}, which a rule does not have")
    if _OF_UNITS in item and "unit" not in item:
        raise ValueError(f"has {_OF_UNITS} without a unit")
    unit = authorization_scope.unit_id(_text(item, "unit")) if "unit" in item else None
    needs_below = item.get(_OF_UNITS, True)
    if not isinstance(needs_below, bool):
        raise ValueError(f"has {_OF_UNITS} that is neither true nor false")  # noqa: TRY004
    return Rule(
        _claim(item["claim"]), _text(item, "value"), _grant(item, regions), unit, needs_below
    )


def _claim(value: object) -> tuple[str, ...]:
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise ValueError("has a claim that is neither a name nor a list of names")
    return tuple(names)


def _grant(item: Mapping[str, object], regions: Regions) -> Grant:
    try:
        role = Role(_text(item, "role"))
    except ValueError:
        raise ValueError(f"has a role that is none of {', '.join(Role)}") from None
    codes = item.get("regions")
    if role not in OF_REGIONS:
        if codes is not None:
            raise ValueError(f"has regions, and {role} is a role for all of them")
        return Grant(role)
    if codes == _ALL and role is Role.READER:
        return Grant(role)
    if not isinstance(codes, list) or not codes:
        raise ValueError("lacks regions: a list of codes")
    return Grant(role, frozenset(_known(codes, regions)))


def _known(codes: Iterable[object], regions: Regions) -> Iterable[str]:
    for code in codes:
        if not isinstance(code, str) or code not in regions:
            raise ValueError(f"has a region code that is not in use: {code!r:.20}")
        yield code


def _text(item: Mapping[str, object], key: str) -> str:
    value = item[key]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"has a {key} that is not text")
    return value


def _found(claims: Mapping[str, object], names: Sequence[str]) -> object:
    value: object = claims
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
