"""Words for what the page shows, from the catalogue."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from sync_worker.administration.messages.page import common, session
from sync_worker.administration.messages.page import region as of_region
from sync_worker.domain.clinic_status import Status
from sync_worker.domain.regions import Regions
from sync_worker.inspection.region_overview import ClinicCounts
from sync_worker.inspection.wording import joined
from sync_worker.language import FilledMessage, Message
from sync_worker.registry.log_pages import ClinicMove
from sync_worker.web.rendering import day
from sync_worker.web.rights import Role

ROLES: Mapping[Role, Message] = {
    Role.REGIONAL_ADMINISTRATOR: session.ROLE_REGIONAL,
    Role.NATIONAL_ADMINISTRATOR: session.ROLE_NATIONAL,
    Role.SUPPORT: session.ROLE_SUPPORT,
    Role.OPERATOR: session.ROLE_OPERATOR,
    Role.READER: session.ROLE_READER,
}


def role_names(roles: Iterable[Role]) -> Message:
    """The names of roles, in one text."""
    names = [ROLES[role] for role in Role if role in set(roles)]
    return Message(sv=", ".join(name.sv for name in names), en=", ".join(name.en for name in names))


def region_name(regions: Regions, code: str | None) -> Message | FilledMessage | str:
    """A region's name; its code alone where that is not in use."""
    if code is None:
        return common.UNKNOWN
    return regions.name(code) if code in regions else common.REGION_NOT_IN_USE(code=code)


def clinic_named(hsa_id: str, name: str | None) -> FilledMessage | str:
    """A clinic by its name and HSA-id."""
    return common.NAMED(name=name, hsa_id=hsa_id) if name else hsa_id


def status_words(clinic: Mapping[str, Any]) -> Message:
    """What a clinic's status means; `clinic` is in the form of `clinics list`."""
    status = Status(clinic["status"])
    if status is Status.SERVICE_OFF and clinic["region_code"] is None:
        return common.STATUS_NO_REGION
    return common.STATUSES[status]


def counts_words(counts: ClinicCounts) -> FilledMessage:
    """How many clinics a region has registered, and how many have each status that some have."""
    by_status = [
        message(count=count)
        for status, message in of_region.STATUS_COUNTS.items()
        if (count := getattr(counts, status.value))
    ]
    registered = of_region.REGISTERED_COUNT(count=counts.registered)
    return of_region.COUNTS(registered=registered, by_status=joined(by_status))


def moves_by_day(
    moves: Iterable[ClinicMove], other: str
) -> Iterator[tuple[str, str | None, list[ClinicMove]]]:
    """The moves of a day from or to one region; `other` is `from_code` or `to_code`."""

    def of(move: ClinicMove) -> tuple[str, str]:
        return day(move.at), getattr(move, other) or ""

    for (when, code), together in groupby(sorted(moves, key=of, reverse=True), key=of):
        yield when, code or None, list(together)


GLOBALS: Mapping[str, Any] = {
    "clinic_named": clinic_named,
    "counts_words": counts_words,
    "moves_by_day": moves_by_day,
    "region_name": region_name,
    "status_words": status_words,
}
"""For templates."""
