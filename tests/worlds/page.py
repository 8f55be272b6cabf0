"""The administrators' page as a browser sees it: a person who is signed in, and what is shown."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser

import structlog
from starlette.testclient import TestClient

from sync_worker.domain.regions import Regions
from sync_worker.web import app
from sync_worker.web.pages import PAGES
from sync_worker.web.sign_in import dev
from sync_worker.web.sign_in.dev import DevSignIn
from sync_worker.web.site import Site
from tests.worlds.registry import NOW

BASE_URL = "http://127.0.0.1:8177"
IDLE = timedelta(minutes=60)
FROM_HERE = {"Sec-Fetch-Site": "same-origin"}
REGIONAL, BOTH, NATIONAL, SUPPORT, OPERATOR, READER, NOBODY = (
    "anna",
    "cia",
    "dan",
    "eva",
    "fia",
    "gun",
    "hans",
)
"""Whom to sign in as: the keys of the made-up people of dev sign-in."""
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"}


_PERSONAL = re.compile(r"SE\d{8}|Exempel|[?=]\w|%[0-9A-F]{2}|\.csv")
_REQUEST = {"event", "log_level", "request_id", "method", "route", "status", "milliseconds"}
_ROUTES = {*(each.path for each in PAGES), "/livez", "/readyz", "/static/{name}"}


class Clock:
    """A clock that stands until it is set."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


class Log(list):
    """A log whose entries can be looked at."""

    def __init__(self):
        super().__init__()
        keep = structlog.testing.LogCapture()
        keep.entries = self
        self.logger = structlog.wrap_logger(None, processors=[keep])


def personal_data(log):
    """The entries of a log that name a person, a clinic, or what somebody asked for."""
    return [entry for entry in log if _PERSONAL.search(_given(entry)) or not _known(entry)]


def _given(entry):
    """What an entry has beside a route of ours, which may be that of a csv."""
    is_ours = entry.get("route") in _ROUTES
    return str({name: value for name, value in entry.items() if name != "route" or not is_ours})


def _known(entry):
    is_of_a_page = entry.get("route") in {None, *_ROUTES}
    return entry["event"] != "request" or (entry.keys() == _REQUEST and is_of_a_page)


@dataclass
class Element:
    """An element of a page: its tag, its attributes, and all text in it."""

    tag: str
    attributes: dict[str, str]
    parts: list[str] = field(default_factory=list)

    @property
    def text(self):
        return " ".join("".join(self.parts).split())

    def get(self, name):
        return self.attributes.get(name)


class Document(HTMLParser):
    """A page, read as far as tests need it."""

    def __init__(self, html):
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        assert not self._open, [element.tag for element in self._open]

    def handle_starttag(self, tag, attrs):
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag):
        assert self._open.pop().tag == tag

    def handle_data(self, data):
        for element in self._open:
            element.parts.append(data)

    def all(self, tag, **attributes):
        """The elements with a tag and these attributes (`class_` for `class`)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            element
            for element in self.elements
            if element.tag == tag
            and all(element.attributes.get(name) == value for name, value in wanted.items())
        ]

    def one(self, tag, **attributes):
        [element] = self.all(tag, **attributes)
        return element

    @property
    def heading(self):
        return self.one("h1").text

    @property
    def main(self):
        return self.one("main").text

    @property
    def rows(self):
        """What each clinic's row in a table begins with."""
        return [element.text for element in self.all("th", scope="row")]


class Browser:
    """A browser on a site; whoever is signed in there stays so."""

    def __init__(self, site, client=("testclient", 50_000)):
        self.site = site
        # Cookies for https alone: browsers take their own machine for as good, the client does not.
        self.client = TestClient(
            app.build(site),
            base_url=BASE_URL.replace("http:", "https:"),
            follow_redirects=True,
            client=client,
        )

    def sign_in(self, person):
        answer = self.post("/logga-in/klar", person=person, next="/utloggad")
        assert answer.status_code == 200
        return self

    def get(self, path, **query):
        named = {name.replace("_", "-"): value for name, value in query.items()}
        return self.client.get(path, params=named or None)

    def post(self, path, *, headers=FROM_HERE, follow=True, **fields):
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        return self.client.post(path, data=named, headers=headers, follow_redirects=follow)

    def page(self, path, **query):
        """A page that is shown."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return Document(answer.text)


def site(registry, **parts):
    """A site with dev sign-in on this registry."""
    regions = Regions()
    table = dev.rights_table(regions)
    given = {
        "registry": registry,
        "regions": regions,
        "sign_in": DevSignIn(),
        "rights_of": lambda identity: table.rights(identity.claims),
        "base_url": BASE_URL,
        "now": Clock(),
        "log": Log().logger,
        "is_development": True,
    }
    return Site(**(given | parts))
