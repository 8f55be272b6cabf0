"""What is said of an HSA-id that no applied event has named: why that may be, and what is near."""

from difflib import get_close_matches
from typing import NamedTuple

from sqlalchemy import Connection

from sync_worker.administration.messages import clinics as says_of_clinics
from sync_worker.administration.messages import explanations as says
from sync_worker.administration.messages.refusals import REFUSALS
from sync_worker.domain import hsa_id as hsa_ids
from sync_worker.domain.admission import Refusal
from sync_worker.errors import Exit, UserError, Words
from sync_worker.inspection import freshness
from sync_worker.inspection.wording import sentences
from sync_worker.registry import queries, registrations
from sync_worker.remedies import Remedy

_LIKE = 0.9
"""Of 17 characters one or two may be exchanged, or be missing."""


class UnknownClinic(NamedTuple):
    """An HSA-id that no event named: sentences on why that may be, and the id most like it."""

    reasons: list[Words]
    nearest: str | None


def error(connection: Connection, hsa_id: str) -> UserError:
    """The error of a clinic that the e-services never named, with what is known all the same."""
    unknown = describe(connection, hsa_id)
    nearest = [] if unknown.nearest is None else [says.NEAREST(hsa_id=unknown.nearest)]
    told = freshness.stream(connection)["text"]
    return UserError(
        Exit.NOT_FOUND,
        says_of_clinics.NOT_FOUND(hsa_id=hsa_id),
        why=sentences([says_of_clinics.NEVER_NAMED(), *unknown.reasons, *nearest, told]),
        hint=Remedy.FIND_CLINICS(),
    )


def describe(connection: Connection, hsa_id: str) -> UnknownClinic:
    """What is known all the same."""
    reasons: list[Words] = []
    if not hsa_ids.has_the_form(hsa_id):
        reasons.append(REFUSALS[Refusal.MALFORMED_HSA_ID].why())
    elif hsa_ids.is_miscopied(hsa_id):
        reasons.append(says.WRONG_CHECK_DIGIT())
    if hsa_id in registrations.own_systems(connection):
        reasons.append(says.IN_TAK_ALONE())
    letters = freshness.dead_letters(connection, hsa_id)
    if letters["open"]:
        numbers = ", ".join(str(item["id"]) for item in letters["items"])
        reasons.append(says.NAMED_BY_DEAD_LETTERS(count=letters["open"], numbers=numbers))
    near = get_close_matches(hsa_id, queries.all_hsa_ids(connection), n=1, cutoff=_LIKE)
    return UnknownClinic(reasons, near[0] if near else None)
