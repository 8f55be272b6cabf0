"""Signing in and out, and having more time."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.responses import RedirectResponse, Response

from sync_worker.administration.messages.page import session as says
from sync_worker.registry import web_sessions
from sync_worker.registry.web_sessions import LONG_IDLE_MINUTES, TimedOut
from sync_worker.telemetry.log_events import LogEvent
from sync_worker.web import sessions
from sync_worker.web.access import Access
from sync_worker.web.problems import Problem
from sync_worker.web.routing import Page
from sync_worker.web.sign_in import next_page
from sync_worker.web.sign_in.problems import SignInError
from sync_worker.web.sign_in.protocol import AGAIN, Choice, SignedIn
from sync_worker.web.visit import RESULT, TYPED, Visit, result_of

_KEPT = result_of(says.KEPT, "note")


def sign_in(visit: Visit) -> Response:
    """Send somebody to sign in."""
    target = visit.query("vidare", most=500) or next_page.HOME
    try:
        begun = visit.site.sign_in.begin(visit.request, target)
    except SignInError as error:
        return _failed(visit, error)
    match begun:
        case SignedIn():
            return _signed_in(visit, begun)
        case Choice():
            return visit.render("sign_in.html", says.SIGN_IN_HEADING, choice=begun)
        case _:
            return begun


def finish(visit: Visit) -> Response:
    """They come back: from the identity provider, or from the page where they chose."""
    given = dict(visit.form.fields) or dict(visit.request.query_params)
    try:
        signed_in = visit.site.sign_in.finish(visit.request, given)
    except SignInError as error:
        return _begun_again(visit, error) or _failed(visit, error)
    return _signed_in(visit, signed_in)


def sign_out(visit: Visit) -> Response:
    """End the session, here and at the identity provider."""
    session_id = sessions.session_id(visit.request)
    id_token = None if visit.session is None else visit.session.id_token
    if session_id is not None:
        with visit.site.registry.transaction() as transaction:
            web_sessions.end(transaction.connection, session_id)
            transaction.commit()
    target = visit.site.sign_in.sign_out_url(id_token) or "/utloggad"
    response = RedirectResponse(target, status_code=303)
    sessions.delete_cookie(response)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def signed_out(visit: Visit) -> Response:
    """That somebody is signed out."""
    return visit.render("signed_out.html", says.SIGNED_OUT_HEADING)


def take_longer(visit: Visit) -> Response:
    """Have a session last ten times as long while nothing is done in it (WCAG 2.2.1)."""
    assert visit.session is not None  # the page needs one
    until = says.EXTENDED(time=visit.now + timedelta(minutes=LONG_IDLE_MINUTES))
    with visit.site.registry.transaction() as transaction:
        connection = transaction.connection
        web_sessions.let_idle(connection, visit.session.id_hash, LONG_IDLE_MINUTES)
        visit.tell_with(connection, until)
        transaction.commit()
    back = next_page.checked(visit.form.text("tillbaka"), visit.request.app.routes)
    return visit.go_to(back)


def _signed_in(visit: Visit, signed_in: SignedIn) -> Response:
    """A new session, whose id nobody knew before; the one there was ends."""
    rights = visit.site.rights_of(signed_in.identity)
    identity, former = signed_in.identity, sessions.session_id(visit.request)
    kept = _typed_before(visit, former, identity.actor)
    with visit.site.registry.transaction() as transaction:
        connection = transaction.connection
        if former is not None:
            web_sessions.end(connection, former)
        session_id = web_sessions.create(
            connection, identity.actor, rights.to_json(), visit.now, id_token=identity.id_token
        )
        if kept is not None:
            web_sessions.keep(connection, web_sessions.hash_of(session_id), TYPED, kept)
            web_sessions.keep(connection, web_sessions.hash_of(session_id), RESULT, _KEPT)
        transaction.commit()
    visit.site.metrics.sign_in("signed_in" if rights else "without_rights")
    response = RedirectResponse(signed_in.next_page, status_code=303)
    sessions.set_cookie(response, session_id)
    for name in signed_in.spent_cookies:
        response.delete_cookie(name, secure=True, httponly=True, samesite="lax", path="/")
    return response


def _typed_before(visit: Visit, former: str | None, actor: str) -> Mapping[str, Any] | None:
    """What the same person wrote in a session that was over; nobody else gets to see it."""
    if former is None:
        return None
    found = web_sessions.find(visit.site.registry, former, visit.now)
    is_theirs = isinstance(found, TimedOut) and found.actor == actor
    return found.kept.get(TYPED) if found is not None and is_theirs else None


def _begun_again(visit: Visit, error: SignInError) -> Response | None:
    """What to do where another window's sign-in took the place of this one.

    Whoever is signed in already continues. For others signing in begins again, once at the most.
    """
    if not error.may_start_again:
        return None
    return visit.go_to("/") if visit.session else visit.go_to("/logga-in", **{AGAIN: "1"})


def _failed(visit: Visit, error: SignInError) -> Response:
    reference, problem = visit.reference, error.problem
    visit.site.metrics.sign_in(problem.code)
    visit.site.log.info(
        LogEvent.SIGN_IN_FAILED, request_id=reference, problem=problem.code, detail=str(error)
    )
    text = problem.text(reference=reference)
    return visit.refuse(
        Problem(problem.status, says.SIGN_IN_FAILED_HEADING, text, offers_sign_in=True)
    )


PAGES = (
    Page("/logga-in", Access.ALL, get=sign_in),
    Page("/logga-in/klar", Access.ALL, get=finish, post=finish),
    Page("/logga-ut", Access.ALL, post=sign_out),
    Page("/utloggad", Access.ALL, get=signed_out),
    Page("/langre-tid", Access.SIGNED_IN, post=take_longer),
)
