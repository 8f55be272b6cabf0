"""One request: who makes it, in which language, and how it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from jinja2 import Environment
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sync_worker.administration.messages.page import session as says
from sync_worker.authorship import Authorship
from sync_worker.events.texts import is_storable
from sync_worker.language import FilledMessage, Language, Message
from sync_worker.registry import web_sessions
from sync_worker.registry.web_sessions import LONG_IDLE_MINUTES, StoredSession
from sync_worker.web import problems, rendering
from sync_worker.web.forms import Form
from sync_worker.web.problems import Problem, Refused
from sync_worker.web.rights import Rights
from sync_worker.web.sign_in import next_page
from sync_worker.web.site import Site

_MOST_OF_QUERY = 100
_MOST_OF_PAGE_NUMBER = 6
RESULT = "result"
"""What is said once, on the page that follows a deed."""
TYPED = "typed"
"""What somebody wrote before they were signed out."""


@dataclass(slots=True)
class Visit:
    """A request by somebody, or by nobody where the page is for all."""

    site: Site
    templates: Environment
    request: Request
    language: Language
    now: datetime
    session: StoredSession | None = None
    rights: Rights = field(default_factory=Rights)
    form: Form = field(default_factory=Form)

    @property
    def actor(self) -> str:
        """What the change log calls who is signed in; empty where nobody is."""
        return "" if self.session is None else self.session.actor

    @property
    def reference(self) -> str:
        """What a person can tell support; the log has it with this request."""
        return str(self.request.scope["request_id"])

    def authorship(self, reason: str | None) -> Authorship:
        """Who acts, why, and when."""
        return Authorship(self.actor, reason or None, self.now)

    @property
    def signed_out_at(self) -> datetime:
        """When the session ends if nothing is done until then."""
        assert self.session is not None  # only who is signed in is told
        after = self.now + timedelta(minutes=self.session.idle_minutes)
        return min(after, self.session.ends_at)

    @property
    def has_longer_time(self) -> bool:
        """Whether they have asked for more time already."""
        return self.session is not None and self.session.idle_minutes >= LONG_IDLE_MINUTES

    def query(self, name: str, most: int = _MOST_OF_QUERY) -> str:
        """A value of the address, cut off where it is too long; empty where it is missing."""
        return self.request.query_params.get(name, "").strip()[:most]

    def require_storable(self) -> None:
        """Raise Refused where the address or the form holds a character that no database takes."""
        texts = [
            value for _, value in (*self.request.query_params.multi_items(), *self.form.fields)
        ]
        if not all(map(is_storable, texts)):
            is_form = self.request.method == "POST"
            raise Refused(problems.UNREADABLE_FORM if is_form else problems.BAD_REQUEST)

    @property
    def page_number(self) -> int:
        """Which page of a list is asked for, from 1; anything but a number is the first."""
        text = self.query("sida", most=_MOST_OF_PAGE_NUMBER)
        return max(int(text), 1) if text.isascii() and text.isdecimal() else 1

    @property
    def here(self) -> str:
        """The address of this page, with its query."""
        url = self.request.url
        return f"{url.path}?{url.query}" if url.query else url.path

    @property
    def form_page(self) -> str | None:
        """The page with the form that this request sends; None where nothing says which it is.

        The form says so itself where it could be read, else the browser does.
        """
        referrer = self.request.headers.get("referer", "")
        from_here = referrer.removeprefix(self.site.base_url) if referrer else ""
        for address in (self.form.text("tillbaka"), from_here, self.request.url.path):
            page = next_page.checked(address, self.request.app.routes)
            if page != next_page.HOME:
                return page
        return None

    def readable_region(self, code: str) -> str:
        """The code of a region that this person may see.

        Raises:
            Refused: there is no such region, or it is not theirs.
        """
        if code not in self.site.regions:
            raise Refused(problems.no_region(code))
        if not self.rights.may_read(code):
            raise Refused(self.other_region(code))
        return code

    def other_region(self, code: str, text: Message = says.WRONG_REGION_PAGE) -> Problem:
        """A page, or as another text says a clinic, of a region that is not theirs."""
        region = self.site.regions.name(code) if code in self.site.regions else code
        filled = text(region=region, own=self.own_regions())
        return Problem(403, says.WRONG_REGION_HEADING, filled)

    def own_regions(self) -> str:
        """The names of the regions that this person may see."""
        codes = self.rights.readable_regions(self.site.regions)
        return ", ".join(self.site.regions.name(code) for code in codes)

    def render(
        self,
        template: str,
        heading: Message | FilledMessage | str,
        *,
        status: int = 200,
        home: str | None = None,
        **values: Any,
    ) -> Response:
        """A page. `home` is its address where the request's is none that can be opened again.

        A result waits for a page that can be shown: what says why not asks the database nothing.
        """
        shown = {
            "language": self.language,
            "visit": self,
            "heading": heading,
            "home": home or (self.here if self.request.method == "GET" else "/"),
            "errors": {},
            "result": self._result() if status < 400 else None,
            **values,
        }
        html = self.templates.get_template(template).render(shown)
        return HTMLResponse(html, status_code=status)

    def refuse(self, problem: Problem) -> Response:
        """The page that says what is wrong."""
        response = self.render(
            "problem.html",
            problem.heading,
            status=problem.status,
            problem=problem,
            form_page=self.form_page if problem.is_of_form else None,
        )
        if problem.retry_after_seconds is not None:
            response.headers["Retry-After"] = str(problem.retry_after_seconds)
        return response

    def go_to(self, path: str, **query: object) -> Response:
        """Have the browser open another page of ours."""
        return RedirectResponse(rendering.link(path, **query), status_code=303)

    def tell(self, message: FilledMessage | Message, kind: str = "done") -> None:
        """Say something on the next page, once."""
        self.keep(RESULT, result_of(message, kind))

    def tell_with(
        self, connection: Connection, message: FilledMessage | Message, kind: str = "done"
    ) -> None:
        """The same in the transaction of a deed: neither is kept without the other."""
        if self.session is not None:
            web_sessions.keep(connection, self.session.id_hash, RESULT, result_of(message, kind))

    def keep(self, name: str, value: Any) -> None:
        """Keep something in the session."""
        if self.session is None:
            return
        with self.site.registry.transaction() as transaction:
            web_sessions.keep(transaction.connection, self.session.id_hash, name, value)
            transaction.commit()

    def take(self, name: str) -> Any:
        """What was kept, which then is not kept any more."""
        if self.session is None or name not in self.session.kept:
            return None
        with self.site.registry.transaction() as transaction:
            value = web_sessions.take(transaction.connection, self.session.id_hash, name)
            transaction.commit()
        return value

    def typed_at(self, path: str, page: str) -> Form:
        """What somebody sent there from a page, before they were signed out; once, or empty."""
        typed = None if self.session is None else self.session.kept.get(TYPED)
        if self.request.method != "GET" or typed is None or typed["path"] != path:
            return Form()
        form = Form([(name, value) for name, value in typed["fields"]])
        if form.text("tillbaka") != page:
            return Form()
        self.take(TYPED)
        return form

    def _result(self) -> Mapping[str, Any] | None:
        return self.take(RESULT) if self.request.method == "GET" else None


def result_of(message: FilledMessage | Message, kind: str = "done") -> dict[str, Any]:
    """What a session keeps of a result: its words in both languages."""
    words = {each.value: rendering.html(message, each) for each in Language}
    return {"kind": kind, "words": words}
