"""Who makes a request, by its session, and whether the page is for them."""

from sync_worker.administration.messages.page import session as says
from sync_worker.registry import schema, web_sessions
from sync_worker.registry.web_sessions import Ending, StoredSession, TimedOut
from sync_worker.web import problems, sessions
from sync_worker.web.access import Access
from sync_worker.web.problems import Problem, Refused
from sync_worker.web.rights import Rights
from sync_worker.web.sign_in.problems import SignInError
from sync_worker.web.visit import TYPED, Visit
from sync_worker.web.wording import role_names


def identify(access: Access, visit: Visit) -> None:
    """Find the session of a visit, and check that a page with this access is for them.

    Raises:
        Refused: it is not.
        WrongRevision: the database is of another version of this program.
    """
    session_id = sessions.session_id(visit.request)
    found = _found(visit, session_id)
    rights = _rights_of(found)
    if isinstance(found, StoredSession) and rights is not None and _is_theirs(found, access, visit):
        visit.session, visit.rights = found, rights
        if not access.is_given_by(visit.rights):
            raise Refused(_not_permitted(access, visit))
    elif access.needs_session:
        if isinstance(found, TimedOut):
            _keep_typed(visit, web_sessions.hash_of(session_id or ""))
            raise Refused(_timed_out(found, _next_page(visit)))
        text = says.REQUIRED if session_id is None else says.ENDED_ELSEWHERE
        if visit.request.method == "POST":
            text = says.NOT_KEPT
        raise Refused(problems.sign_in_first(says.REQUIRED_HEADING, text, _next_page(visit)))


def _found(visit: Visit, session_id: str | None) -> StoredSession | TimedOut | None:
    registry = visit.site.registry
    if session_id is not None:
        return web_sessions.find(registry, session_id, visit.now)
    with registry.snapshot() as connection:
        schema.require_compatible(connection)
    return None


def _rights_of(found: StoredSession | TimedOut | None) -> Rights | None:
    """The rights of a session; None where another version of this program wrote them."""
    if not isinstance(found, StoredSession):
        return None
    try:
        return Rights.from_json(found.rights)
    except ValueError:
        return None


def _is_theirs(session: StoredSession, access: Access, visit: Visit) -> bool:
    """Whether the session is of who makes the request: a proxy says who that is each time."""
    if not access.needs_session:
        return True
    try:
        actor = visit.site.sign_in.named_actor(visit.request)
    except SignInError as error:
        text = error.problem.text(reference=visit.reference)
        problem = Problem(error.problem.status, says.SIGN_IN_FAILED_HEADING, text)
        raise Refused(problem) from error
    return actor is None or actor == session.actor


def _keep_typed(visit: Visit, id_hash: str) -> None:
    """What somebody wrote is there again once they have signed in."""
    if not visit.form.fields:
        return
    typed = {"path": visit.request.url.path, "fields": list(visit.form.fields)}
    with visit.site.registry.transaction() as transaction:
        web_sessions.keep(transaction.connection, id_hash, TYPED, typed)
        transaction.commit()


def _next_page(visit: Visit) -> str:
    """Where signing in leads: a page that can be opened, so never a form's address."""
    if visit.request.method == "GET":
        return visit.here
    return visit.form.text("tillbaka") or "/"


def _timed_out(found: TimedOut, next_page: str) -> Problem:
    text = says.IDLE(minutes=found.idle_minutes)
    if found.ending is Ending.TOO_OLD:
        text = says.EXPIRED(hours=int(web_sessions.LASTS.total_seconds() // 3600))
    return problems.sign_in_first(says.IDLE_HEADING, text, next_page)


def _not_permitted(access: Access, visit: Visit) -> Problem:
    """Signed in, and not one of those whom the page is for: another page than to sign in."""
    if not visit.rights:
        return problems.no_rights(visit.actor)
    text = says.WRONG_ROLE(
        roles=role_names(access.roles),
        actor=visit.actor,
        own=role_names(visit.rights.roles),
    )
    return Problem(403, says.NO_RIGHTS_HEADING, text)
