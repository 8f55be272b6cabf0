"""How a request gets to its page: the form is read, the session is found, and access is checked.

Pages are plain functions in threads, since they wait for the database; only the form, which comes
as slowly as somebody sends it, is read beside them.
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from jinja2 import Environment
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync_worker.language import Language
from sync_worker.registry.dialect import MissingDatabase
from sync_worker.registry.errors import (
    Fault,
    fault_of,
    first_line,
    may_be_committed,
    may_pass,
)
from sync_worker.registry.schema import WrongRevision
from sync_worker.telemetry.log_events import LogEvent
from sync_worker.telemetry.retry_log import event_of
from sync_worker.web import problems
from sync_worker.web.access import Access
from sync_worker.web.forms import Form, TooMuch, read_form
from sync_worker.web.identification import identify
from sync_worker.web.problems import Problem, Refused
from sync_worker.web.site import Site
from sync_worker.web.visit import Visit

FORM_BYTES = 64 * 2**10
_LANGUAGE_COOKIE = "lang"

Handler = Callable[[Visit], Response]


@dataclass(frozen=True, slots=True)
class Page:
    """An address, who may see it, and what answers each method."""

    path: str
    access: Access
    get: Handler | None = None
    post: Handler | None = None
    max_body_bytes: int = FORM_BYTES
    takes_file: bool = False
    too_much: Problem = problems.TOO_MUCH
    """What is said of a form with more than `max_body_bytes`."""

    @property
    def methods(self) -> list[str]:
        """The methods that it answers; HEAD comes with GET."""
        handlers = {"GET": self.get, "POST": self.post}
        return [method for method, handler in handlers.items() if handler is not None]


class Router:
    """Makes routes of pages."""

    def __init__(self, site: Site, templates: Environment) -> None:
        self._site, self._templates = site, templates

    def route(self, page: Page) -> Route:
        """The route of a page."""
        return Route(page.path, partial(self._answer, page), methods=page.methods)

    def visit(self, request: Request) -> Visit:
        """A request as it is before anybody knows who makes it."""
        return Visit(self._site, self._templates, request, _language(request), self._site.now())

    async def _answer(self, page: Page, request: Request) -> Response:
        form = Form()
        if request.method == "POST":
            try:
                form = await read_form(
                    request, takes_file=page.takes_file, max_body_bytes=page.max_body_bytes
                )
            except TooMuch:
                return self.visit(request).refuse(page.too_much)
        response = await run_in_threadpool(self._respond, page, request, form)
        if "sprak" in request.query_params:
            language = _language(request).value
            response.set_cookie(_LANGUAGE_COOKIE, language, secure=True, samesite="lax")
        return response

    def _respond(self, page: Page, request: Request, form: Form) -> Response:
        visit = self.visit(request)
        visit.form = form
        handler = page.post if request.method == "POST" else page.get
        assert handler is not None  # the route has this method
        try:
            visit.require_storable()
            identify(page.access, visit)
            return handler(visit)
        except Refused as refused:
            return visit.refuse(refused.problem)
        except WrongRevision:
            return visit.refuse(problems.OTHER_REVISION)
        except MissingDatabase as error:
            return visit.refuse(self._unavailable(error, error.message, request))
        except SQLAlchemyError as error:
            return visit.refuse(self._of_database(error, request))

    def _of_database(self, error: SQLAlchemyError, request: Request) -> Problem:
        if isinstance(error, PoolTimeout):
            return problems.BUSY
        if not isinstance(error, DBAPIError) or not _is_of_operators(error):
            return self.unexpected(error, request)
        unavailable = self._unavailable(error, first_line(error), request)
        is_unknown = request.method == "POST" and may_be_committed(error)
        return problems.UNKNOWN_OUTCOME if is_unknown else unavailable

    def _unavailable(self, error: Exception, why: object, request: Request) -> Problem:
        """A database that cannot be used: why, is for operators to know."""
        reference = request.scope["request_id"]
        self._site.log.warning(event_of(error), request_id=reference, error=str(why))
        return problems.UNAVAILABLE

    def unexpected(self, error: Exception, request: Request) -> Problem:
        """A fault of ours: the log has where it happened, and not what the database was told."""
        reference = request.scope["request_id"]
        places = traceback.extract_tb(error.__traceback__)
        self._site.log.error(
            LogEvent.REQUEST_FAILED,
            request_id=reference,
            error=type(error).__name__,
            places=[f"{place.filename}:{place.lineno} {place.name}" for place in places[-8:]],
        )
        return problems.unexpected(reference)

    async def on_http_exception(self, request: Request, error: Exception) -> Response:
        """The page for what the tool kit refuses: no such address, or method."""
        assert isinstance(error, HTTPException)
        by_status = {
            404: problems.NOT_FOUND,
            405: problems.WRONG_METHOD,
            400: problems.UNREADABLE_FORM if request.method == "POST" else problems.BAD_REQUEST,
        }
        problem = by_status.get(error.status_code, problems.BAD_REQUEST)
        response = self.visit(request).refuse(problem)
        for name, value in (error.headers or {}).items():
            response.headers[name] = value
        return response

    async def on_unexpected(self, request: Request, error: Exception) -> Response:
        """The page for a fault of ours."""
        return self.visit(request).refuse(self.unexpected(error, request))


def _is_of_operators(error: DBAPIError) -> bool:
    """Whether it passes, or does once somebody has put the right file in its place."""
    return may_pass(error) or fault_of(error) is Fault.NOT_A_DATABASE


def _language(request: Request) -> Language:
    """Swedish, unless somebody has chosen otherwise."""
    chosen = request.query_params.get("sprak") or request.cookies.get(_LANGUAGE_COOKIE)
    return Language.ENGLISH if chosen == Language.ENGLISH.value else Language.SWEDISH
