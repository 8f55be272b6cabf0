"""The change log, newest first: what happened, to which clinic, and by whom or which event."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection
from starlette.responses import Response

from sync_worker.administration.messages.page import common
from sync_worker.administration.messages.page import log as says
from sync_worker.language import FilledMessage, Message
from sync_worker.registry import log_pages, queries
from sync_worker.registry.change_log import OF_THE_REGISTRY, LogFilter
from sync_worker.registry.clinic_pages import PAGE_SIZE
from sync_worker.web import downloads
from sync_worker.web.access import Access
from sync_worker.web.log_words import change_named, old_and_new, person_of
from sync_worker.web.rendering import link, plain
from sync_worker.web.routing import Page
from sync_worker.web.visit import Visit
from sync_worker.web.wording import region_name

_MOST_OF_HSA_ID = 200
_FILE_NAME = "handelser.csv"
_COLUMNS = (
    *(common.COLUMN_WHEN, common.COLUMN_WHAT, common.COLUMN_FROM, common.COLUMN_TO),
    *(common.COLUMN_HSA_ID, common.COLUMN_CLINIC, common.COLUMN_REGION, common.COLUMN_BY),
    *(common.COLUMN_REASON, says.COLUMN_EVENT, says.COLUMN_TOPIC, says.COLUMN_PARTITION),
    says.COLUMN_OFFSET,
)


class Chosen(NamedTuple):
    """What of the log somebody asks for, as the address has it; empty asks for nothing."""

    code: str
    change: str
    actor: str
    hsa_id: str

    @classmethod
    def of(cls, visit: Visit) -> "Chosen":
        """Raise Refused where the region is none, or not theirs."""
        code = visit.query("kod")
        change = visit.query("vad")
        return cls(
            visit.readable_region(code) if code else "",
            change if change in _changes(visit) else "",
            visit.query("av", most=_MOST_OF_HSA_ID),
            visit.query("hsa-id", most=_MOST_OF_HSA_ID),
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether something is asked for beside the region."""
        return any(self[1:])

    def address(self, path: str) -> str:
        """An address that asks for the same."""
        return link(path, kod=self.code, vad=self.change, av=self.actor, hsa_id=self.hsa_id)


def show(visit: Visit) -> Response:
    """A page of the log."""
    chosen, number = Chosen.of(visit), visit.page_number
    codes = _codes(visit, chosen)
    with visit.site.registry.snapshot() as connection:
        wanted = _filter(connection, chosen)
        offset = (number - 1) * PAGE_SIZE
        page = log_pages.newest(connection, codes, wanted, offset=offset)
        names = log_pages.names(connection, page.items)
    return visit.render(
        "log.html",
        _heading(visit, chosen),
        home=chosen.address("/handelser"),
        chosen=chosen,
        regions=visit.rights.readable_regions(visit.site.regions),
        changes=_changes(visit),
        page=page,
        number=number,
        names=names,
        download=chosen.address("/handelser.csv"),
    )


def download(visit: Visit) -> Response:
    """All of it that is asked for, as csv."""
    chosen = Chosen.of(visit)
    with visit.site.registry.snapshot() as connection:
        wanted = _filter(connection, chosen)
    batches = log_pages.batches(visit.site.registry.snapshot, _codes(visit, chosen), wanted)
    # A database that cannot be reached is answered with a page, and not with half a file.
    first = next(batches)
    header = [plain(column, visit.language) for column in _COLUMNS]
    return downloads.csv(_FILE_NAME, header, _rows(visit, chain([first], batches)))


def _changes(visit: Visit) -> dict[str, Message]:
    """The kinds of change that this person can see some of, each in words."""
    hidden = () if visit.rights.reading is None else OF_THE_REGISTRY
    return {change: words for change, words in says.CHANGES.items() if change not in hidden}


def _codes(visit: Visit, chosen: Chosen) -> frozenset[str] | None:
    """The regions that are shown: the one that is asked for, else all that this person may see."""
    return frozenset({chosen.code}) if chosen.code else visit.rights.reading


def _filter(connection: Connection, chosen: Chosen) -> LogFilter:
    return LogFilter(
        hsa_ids=tuple(queries.meant(connection, [chosen.hsa_id])) if chosen.hsa_id else (),
        actor=chosen.actor or None,
        changes=(chosen.change,) if chosen.change else (),
    )


def _heading(visit: Visit, chosen: Chosen) -> FilledMessage | Message:
    if chosen.code:
        return says.HEADING(region=visit.site.regions.name(chosen.code))
    if visit.rights.reading is None:
        return says.HEADING_NATIONAL
    return says.HEADING(region=visit.own_regions())


def _rows(visit: Visit, batches: Iterator[Sequence[Mapping[str, Any]]]) -> Iterator[list[str]]:
    for items in batches:
        with visit.site.registry.snapshot() as connection:
            names = log_pages.names(connection, items)
        for entry in items:
            yield _row(visit, entry, names.get(entry["hsa_id"], ""))


def _row(visit: Visit, entry: Mapping[str, Any], name: str) -> list[str]:
    regions, code = visit.site.regions, entry["region_code"]
    words = (
        *(change_named(entry), *old_and_new(entry, regions)),
        *(entry["hsa_id"], name, None if code is None else region_name(regions, code)),
        *(person_of(entry), entry["reason"], entry["event_id"], entry["topic"]),
    )
    cells = ["" if each is None else _text(each, visit) for each in words]
    places = (entry["partition"], entry["offset"])
    numbers = ["" if each is None else str(each) for each in places]
    return [downloads.moment(entry["at"]), *cells, *numbers]


def _text(words: Message | FilledMessage | str, visit: Visit) -> str:
    """What people and events wrote is escaped where the file is written."""
    return words if isinstance(words, str) else plain(words, visit.language)


PAGES = (
    Page("/handelser", Access.READERS, get=show),
    Page("/handelser.csv", Access.READERS, get=download),
)
