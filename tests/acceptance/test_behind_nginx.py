"""The page behind nginx, as deploy/nginx has it: who signs in is whom the proxy names."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.harness.command import Installed
from tests.harness.page_process import FROM_HERE, Answer, PageProcess, answer
from tests.services import finding
from tests.services.nginx import Nginx
from tests.services.processes import free_port
from tests.services.waiting import until

HOST = "localhost"
SECRET = "a-secret-of-the-proxy-alone"
ANNA, BO = "SE2321000016-ANNA", "SE2321000016-BO"
RIGHTS = [
    {"claim": "X-Auth-Groups", "value": "01", "role": "regional_administrator", "regions": ["01"]},
    {"claim": "X-Auth-Groups", "value": "all", "role": "national_administrator"},
]


LEADS_TO = {
    "/": "/",
    "/region?kod=01&sok=Hamntorget%20%26&sida=2": "/region?kod=01&sok=Hamntorget%20%26&sida=2",
    "/region?kod=01&rd=//evil.invalid": "/region?kod=01&rd=//evil.invalid",
    "/%0d%0aLocation:%20https://evil.invalid": "/%0d%0aLocation:%20https://evil.invalid",
    "//evil.invalid/region": "/",
    "/\\evil.invalid": "/",
}
"""What somebody asks for who must sign in → where they are led then."""


class WhoIsIt(BaseHTTPRequestHandler):
    """Stands in for the service that signs people in: the cookie `badge` says who it is."""

    def do_GET(self):
        if self.path.startswith("/oauth2/start"):
            self.begin()
        else:
            self.tell()

    def tell(self):
        badge = self.headers.get("Cookie", "").partition("badge=")[2].partition(";")[0]
        self.send_response(200 if badge else 401)
        if badge:
            self.send_header("X-Auth-Request-User", badge)
            self.send_header("X-Auth-Request-Groups", "01")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def begin(self):
        """Send somebody to sign in; the state has where they are led then."""
        wanted = {"asked": self.path, "next": self.headers.get("X-Auth-Request-Redirect", "")}
        self.send_response(302)
        self.send_header("Location", f"https://idp.exempel.invalid/?{urlencode(wanted)}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        """Nothing."""


@pytest.fixture
def who_is_it() -> Iterator[int]:
    """The port of the service that signs people in."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), WhoIsIt)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def page(installed: Installed, who_is_it: int) -> Iterator["Behind"]:
    port = free_port()
    settings = {
        "SYNC_WORKER_WEB_SIGN_IN": "header",
        "SYNC_WORKER_WEB_BASE_URL": f"https://{HOST}:{port}",
        "SYNC_WORKER_WEB_TRUSTED_PEERS": '["127.0.0.1/32"]',
        "SYNC_WORKER_WEB_HEADER_SECRET": SECRET,
        "SYNC_WORKER_WEB_HEADER_CLAIMS": '["X-Auth-Groups"]',
        "SYNC_WORKER_WEB_RIGHTS": json.dumps(RIGHTS),
    }
    process = PageProcess(installed, **settings)
    replaced = {
        "127.0.0.1:8177": f"127.0.0.1:{process.port}",
        "127.0.0.1:4180": f"127.0.0.1:{who_is_it}",
        "change-this-secret": SECRET,
    }
    try:
        proxy = finding.nginx(port, HOST, replaced)
        process.wait()
        yield Behind(proxy, process)
        proxy.remove()
    finally:
        process.kill()


class Behind:
    """The page as it is reached through the proxy."""

    def __init__(self, proxy: Nginx, process: PageProcess) -> None:
        self.proxy, self.process = proxy, process

    def get(self, path: str, *cookies: str, **headers: str) -> Answer:
        connection = self.proxy.connection()
        named = {name.replace("__", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers={"Cookie": "; ".join(cookies), **named})
        return answer(connection)

    def post(self, path: str, body: bytes, content_type: str, *cookies: str) -> Answer:
        connection = self.proxy.connection()
        headers = {"Content-Type": content_type, "Cookie": "; ".join(cookies), **FROM_HERE}
        connection.request("POST", path, body, headers)
        return answer(connection)

    def sign_in(self, who: str, **headers: str) -> tuple[str, str]:
        """The cookies of somebody who has signed in: the proxy's, and the page's."""
        badge = f"badge={who}"
        given = self.get("/logga-in", badge, **headers)
        assert given.status == 303, given.text
        cookie = given.headers["set-cookie"]
        assert cookie.startswith("__Host-session=")
        assert "Secure" in cookie
        return badge, cookie.partition(";")[0]


def test_who_is_not_known_signs_in_and_comes_back(page):
    forged = {"X__Auth__Request__Redirect": "https://evil.invalid/"}
    for path, leads_to in LEADS_TO.items():
        assert led(page.get(path, **forged)) == ("/oauth2/start", leads_to)
    assert led(page.get("/oauth2/start", **forged)) == ("/oauth2/start", "")
    form = page.post("/mottagning/lagg-till", b"kod=01", "application/x-www-form-urlencoded")
    assert led(form) == ("/oauth2/start", "/")


def led(given: Answer) -> tuple[str, str]:
    """What the service that signs people in was asked for, and where it leads them then."""
    assert given.status == 302, given.text
    query = parse_qs(urlsplit(given.headers["location"]).query, keep_blank_values=True)
    return query["asked"][0], query["next"][0]


def test_who_the_proxy_names_is_signed_in_over_tls(page):
    cookies = page.sign_in(ANNA)
    given = page.get("/region?kod=01", *cookies)
    assert given.status == 200
    assert ANNA in given.text
    assert "max-age" in given.headers["strict-transport-security"]
    assert "default-src 'none'" in given.headers["content-security-policy"]
    assert page.get("/region?kod=12", *cookies).status == 403


@pytest.mark.parametrize(
    "name", ["X__Auth__User", "x__auth__user", "X_Auth_User", "X.Auth.User", "X__Auth_User"]
)
def test_a_name_that_a_browser_sends_does_not_count(page, name):
    badge, cookie = page.sign_in(ANNA, **{name: BO})
    shown = page.get("/region?kod=01", badge, cookie, **{name: BO}).text
    assert ANNA in shown
    assert BO not in shown


def test_rights_that_a_browser_claims_do_not_count(page):
    cookies = page.sign_in(ANNA, X__Auth__Groups="all", X_Auth_Groups="all")
    assert page.get("/region?kod=12", *cookies, X__Auth__Groups="all").status == 403


def test_another_person_at_the_same_browser_has_no_session(page):
    _, cookie = page.sign_in(ANNA)
    assert page.get("/region?kod=01", f"badge={BO}", cookie).status == 401


def test_past_the_proxy_nobody_is_believed(page):
    forged = {"X-Auth-User": ANNA, "X-Auth-Groups": "01", "X-Auth-Proof": "a-guess"}
    assert page.process.get("/logga-in", Host=HOST, **forged).status == 403


@pytest.mark.parametrize("megabytes", [5.5, 7])
def test_the_page_says_what_is_too_large(page, megabytes):
    cookies = page.sign_in(ANNA)
    head = b'--x\r\nContent-Disposition: form-data; name="fil"; filename="a.csv"\r\n\r\n'
    body = head + b"a" * int(megabytes * 2**20) + b"\r\n--x--\r\n"
    given = page.post("/importera", body, "multipart/form-data; boundary=x", *cookies)
    assert given.status == 413
    assert "Filen är för stor" in given.text
    assert 'href="/importera">Tillbaka till formuläret' in given.text


def test_a_page_that_is_not_running_is_told_in_swedish(page):
    page.process.kill()
    told = page.get("/", f"badge={ANNA}")
    assert (told.status, told.headers["retry-after"]) == (503, "30")
    assert told.headers["strict-transport-security"]
    assert told.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>Vi fick inget svar</h1>" in told.text
    assert "Försök igen" in told.text


def test_probes_and_other_hosts_are_not_served(page):
    assert page.get("/readyz", f"badge={ANNA}").status == 404
    assert page.get("/", f"badge={ANNA}", Host="other.localhost").status == 400


def test_a_crowd_that_signs_in_is_slowed_down(page):
    seen = {page.get("/logga-in", f"badge={ANNA}").status for _ in range(15)}
    assert seen == {303, 429}


def test_the_proxys_log_names_nobody(page):
    cookies = page.sign_in(ANNA)
    page.get(f"/mottagning?{urlencode({'hsa-id': BO})}", *cookies)
    until(lambda: " GET /mottagning " in page.proxy.access_log, "the request to be logged")
    assert "SE2321000016" not in page.proxy.access_log
