"""A plan for many clinics: reviewed, confirmed, and then a receipt at the same address."""

import re
from collections.abc import Sequence

from starlette.responses import Response

from sync_worker.administration import plans
from sync_worker.administration.csv_files import report
from sync_worker.administration.messages.page import imports as says
from sync_worker.administration.messages.page import region as says_of_region
from sync_worker.administration.messages.page import session as says_of_session
from sync_worker.administration.plan_documents import Expired, NotYours, OpenPlan, Receipt, Stale
from sync_worker.registry.web_plans import WebPlan
from sync_worker.web import plan_view
from sync_worker.web.access import Access
from sync_worker.web.forms import Form
from sync_worker.web.pages import importing, ticking
from sync_worker.web.pages.importing import PLAN_PATH, person
from sync_worker.web.problems import NextPage, Problem, Refused
from sync_worker.web.rendering import link
from sync_worker.web.routing import Page
from sync_worker.web.visit import Visit, result_of

CORRECTING_PATH = f"{PLAN_PATH}/ratta"
_CORRECTED_ROW = re.compile(r"rad-([0-9]{1,9})")
_REFUSED_ROWS = 'attachment; filename="avvisade-rader.csv"'
"""Never what the file was called: that is the uploader's text."""


def show(visit: Visit) -> Response:
    """The plan as it is now, or the receipt."""
    return plan_page(visit, document(visit))


def confirm(visit: Visit) -> Response:
    """Do what was reviewed, once, and show the receipt; or what has changed since."""
    registry, plan_id = visit.site.registry, visit.query("id")
    revision = visit.form.number("revision")
    found = plans.confirm(registry, plan_id, revision, person(visit), visit.now)
    if found is None or isinstance(found, Expired | NotYours):
        raise Refused(absent(visit, found))
    if isinstance(found, Stale):
        visit.site.metrics.plan("stale")
        result = result_of(says.STALE(count=len(found.changed)), "note")
        return plan_page(visit, found.plan, status=409, result=result)
    done_at, metrics = found.about.done_at, visit.site.metrics
    if done_at is not None and done_at != visit.now:
        metrics.plan("confirmed_again")
        visit.tell(says.DONE_ALREADY(time=done_at), "note")
    else:
        metrics.plan("confirmed")
        metrics.done("plan", found.items)
    return visit.go_to(PLAN_PATH, id=plan_id)


def refused_rows(visit: Visit) -> Response:
    """The rows that are not done, to be corrected and given again."""
    found = document(visit)
    content = report.report(found.given, found.items, visit.language)
    headers = {"Content-Disposition": _REFUSED_ROWS}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def document(visit: Visit) -> OpenPlan | Receipt:
    """The plan or the receipt that the address names; raises Refused where it is not shown."""
    registry, plan_id = visit.site.registry, visit.query("id")
    found = plans.look(registry, plan_id, person(visit), visit.now)
    if found is None or isinstance(found, Expired | NotYours):
        raise Refused(absent(visit, found))
    return found


def absent(visit: Visit, found: Expired | NotYours | None) -> Problem:
    """Why a plan is not shown: it is not there, not any more, or not for them."""
    if found is None:
        text = says.NOT_FOUND(days=plans.RECEIPT_LASTS.days)
        return Problem(404, says.NOT_FOUND_HEADING, text)
    if isinstance(found, Expired):
        return _expired(visit, found.about)
    return not_theirs(visit, found.region_codes or ())


def _expired(visit: Visit, plan: WebPlan) -> Problem:
    text = says.EXPIRED_TICKED if plan.file_name is None else says.EXPIRED
    hours = int(plans.PLAN_LASTS.total_seconds() // 3600)
    return Problem(410, says.EXPIRED_HEADING, text(hours=hours), leads_to=_begun_at(visit, plan))


def _begun_at(visit: Visit, plan: WebPlan) -> NextPage | None:
    """The page where such a plan is begun; None for ticks in one of several regions' lists."""
    if plan.file_name is not None:
        return NextPage(importing.PATH, says.HEADING)
    match plan.region_codes:
        case (code,) if plan.action == "add":
            return NextPage(link(ticking.PATH, kod=code), says_of_region.ACTIVATED_HEADING)
        case (code,):
            name = visit.site.regions.name(code) if code in visit.site.regions else code
            return NextPage(link("/region", kod=code), says_of_region.HEADING(region=name))
        case _:
            return None


def not_theirs(visit: Visit, region_codes: Sequence[str]) -> Problem:
    """Somebody else's plan: of regions that are not theirs, or only its maker's to confirm."""
    others = [code for code in region_codes if not visit.rights.may_administer(code)]
    if not others:
        return Problem(403, says_of_session.NO_RIGHTS_HEADING, says.NOT_YOURS)
    regions = visit.site.regions
    names = ", ".join(regions.name(code) if code in regions else code for code in others)
    text = says_of_session.WRONG_REGION_PAGE(region=names, own=visit.own_regions())
    return Problem(403, says_of_session.WRONG_REGION_HEADING, text)


def plan_page(
    visit: Visit, found: OpenPlan | Receipt, *, status: int = 200, **values: object
) -> Response:
    """The page of a plan or of a receipt."""
    shown = plan_view.view(found)
    is_receipt = isinstance(found, Receipt)
    wording, home = shown.wording, link(PLAN_PATH, id=found.about.id)
    typed = visit.form if visit.form.fields else visit.typed_at(CORRECTING_PATH, home)
    return visit.render(
        "receipt.html" if is_receipt else "plan.html",
        wording.receipt(count=len(shown.to_do)) if is_receipt else wording.review,
        status=status,
        home=home,
        plan=shown,
        source=plan_view.source(found.about),
        outcome=plan_view.outcome,
        is_miscopied=plan_view.is_miscopied,
        typed_rows=typed_rows(typed),
        is_maker=found.about.maker == visit.actor,
        receipt_days=plans.RECEIPT_LASTS.days,
        **values,
    )


def typed_rows(form: Form) -> dict[int, str]:
    """The ids that somebody has corrected, by their lines."""
    named = ((_CORRECTED_ROW.fullmatch(name), text) for name, text in form.fields)
    return {int(found[1]): text.strip() for found, text in named if found}


PAGES = (
    Page(PLAN_PATH, Access.ADMINISTRATORS, get=show, post=confirm),
    Page(f"{PLAN_PATH}/avvisade.csv", Access.ADMINISTRATORS, get=refused_rows),
)
