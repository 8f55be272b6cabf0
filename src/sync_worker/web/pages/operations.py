"""What operators read: how far events are read, what waits for them, and what could not be applied.

Each has the line to type beside it. Nothing is decided here, and no record is shown.
"""

from starlette.responses import Response

from sync_worker.administration.messages.page import operations as says
from sync_worker.inspection import operations_overview
from sync_worker.inspection.region_overview import ClinicNamed, by_name
from sync_worker.registry import held_changes, registrations
from sync_worker.registry.workers import WorkerState
from sync_worker.web import command_lines
from sync_worker.web.access import Access
from sync_worker.web.problems import Problem, Refused
from sync_worker.web.routing import Page
from sync_worker.web.visit import Visit

_STATES = {
    WorkerState.READY: says.WORKER_READY,
    WorkerState.NOT_READY: says.WORKER_NOT_READY,
    WorkerState.SILENT: says.WORKER_SILENT,
}


def operations(visit: Visit) -> Response:
    """How the registry is kept up to date."""
    with visit.site.registry.snapshot() as connection:
        overview = operations_overview.overview(connection)
    return visit.render(
        "operations.html",
        says.HEADING,
        overview=overview,
        states=_STATES,
        show_hold=command_lines.show_hold,
        list_dead_letters=command_lines.list_dead_letters,
    )


def hold(visit: Visit) -> Response:
    """One mass change that waits, and the clinics that it is about."""
    wanted = visit.query("id")
    with visit.site.registry.snapshot() as connection:
        held = held_changes.by_region(connection, None)
        found = [each for each in held.items() if str(each[1].hold_id) == wanted]
        if not found:
            raise Refused(Problem(404, says.NO_HOLD_HEADING, says.NO_HOLD))
        [(code, changes)] = found
        names = registrations.names(connection, changes.hsa_ids)
    return visit.render(
        "hold.html",
        says.HOLD_HEADING(number=changes.hold_id),
        region_code=code,
        changes=changes,
        clinics=by_name(ClinicNamed(each, names.get(each)) for each in changes.hsa_ids),
        may_read=visit.rights.may_read(code),
        command=command_lines.show_hold(changes.hold_id),
    )


PAGES = (
    Page("/drift", Access.OPERATORS, get=operations),
    Page("/drift/massandring", Access.OPERATORS, get=hold),
)
