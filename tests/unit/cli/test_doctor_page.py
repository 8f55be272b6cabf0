"""What `doctor` finds of the administrators' page."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

RULES = json.dumps([{"claim": "groups", "value": "x", "role": "operator"}])
PAGE = "https://synpunkter.exempel.invalid"


@pytest.fixture
def issuer() -> Iterator[str]:
    """The address of a provider that names itself in its discovery document, without a slash."""

    class Discovery(BaseHTTPRequestHandler):
        def do_GET(self):
            named = {name: f"{address}/{name}" for name in ("authorization_endpoint", "jwks_uri")}
            document = {"issuer": address, "token_endpoint": f"{address}/token", **named}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_arguments):
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Discovery)
    address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield address
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def look(database, sync_worker):
    """What the check finds with these settings of the page."""

    def found(**settings):
        named = {f"SYNC_WORKER_WEB_{name}": value for name, value in settings.items()}
        items = sync_worker("doctor", "-o", "json", **named).items
        [item] = [item for item in items if item["id"] == "web"]
        return item["status"], item["detail"]

    return found


def oidc(issuer, **others):
    given = {"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": "page", "RIGHTS": RULES, "BASE_URL": PAGE}
    return {"SIGN_IN": "oidc"} | given | others


def test_a_page_that_is_only_tried_is_not_checked(look):
    assert look()[0] == "skip"


def test_a_page_that_is_set_up_passes(look, issuer):
    status, detail = look(**oidc(issuer))
    assert (status, detail) == (
        "ok",
        f"People sign in to {PAGE} by {issuer}; rules that give rights: 1.",
    )


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"RIGHTS": "[]"}, "warn", "Nobody may do anything"),
        ({"RIGHTS": '[{"claim": "x"}]'}, "fail", "rule 1 lacks role, value"),
        ({"BASE_URL": "http://127.0.0.1:8177"}, "warn", "nobody else's browser finds it"),
        ({"OIDC_ISSUER": "http://127.0.0.1:1"}, "fail", "no answer: ConnectError"),
    ],
)
def test_what_is_wrong_is_named(look, issuer, given, status, said):
    found, detail = look(**oidc(issuer, **given))
    assert found == status, detail
    assert said in detail


def test_an_issuer_is_compared_letter_by_letter(look, issuer):
    status, detail = look(**oidc(f"{issuer}/"))
    assert status == "fail"
    assert "the discovery document is of another issuer" in detail
