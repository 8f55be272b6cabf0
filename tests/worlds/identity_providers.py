"""Identity providers of tests: a page that signs in at them, and one that forges ID tokens."""

import hmac
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sync_worker.config.settings import load_settings
from sync_worker.web.sign_in import from_settings
from sync_worker.web.sign_in.oidc import OidcSignIn
from sync_worker.web.sign_in.problems import SignInError
from tests.worlds.settings import named

CLIENT_ID = "page"
PAGE = "http://127.0.0.1:8177"
ACTOR = "SE2321000016-ADM1"


def oidc(issuer: str, **settings: str) -> OidcSignIn:
    """Signing in at a provider, as the settings have it."""
    given: dict[str, object] = {
        "WEB_SIGN_IN": "oidc",
        "WEB_OIDC_ISSUER": issuer,
        "WEB_OIDC_CLIENT_ID": CLIENT_ID,
        "WEB_OIDC_CLIENT_SECRET": "hemlig-nog",
    }
    way = from_settings.sign_in(load_settings(named(given | settings)))
    assert isinstance(way, OidcSignIn)
    return way


def page(sign_in: OidcSignIn) -> Starlette:
    """The least page that signs in: it says who somebody is, or why they are nobody."""

    def begin(request: Request) -> Response:
        try:
            begun = sign_in.begin(request, request.query_params.get("next", "/"))
        except SignInError as error:
            return JSONResponse({"problem": error.problem.code}, error.problem.status)
        return begun

    def finish(request: Request) -> Response:
        try:
            signed_in = sign_in.finish(request, request.query_params)
        except SignInError as error:
            said = {"problem": error.problem.code, "may_start_again": error.may_start_again}
            return JSONResponse(said, error.problem.status)
        identity = signed_in.identity
        who = {"actor": identity.actor, "next": signed_in.next_page, "token": identity.id_token}
        answer = JSONResponse(who | {"claims": dict(identity.claims)})
        for name in signed_in.spent_cookies:
            answer.delete_cookie(name, secure=True)
        return answer

    return Starlette(
        routes=[
            Route("/logga-in", begin),
            Route("/logga-in/klar", finish),
            Route("/region", begin),
        ]
    )


class Forger:
    """A provider whose ID tokens are as a test wants them: `header` and `claims` replace its own.

    A claim that is None is left out. HS256 signs with the public key, which everybody knows.
    """

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "known"})
        self.signs_with: Any = self.key
        self.header: dict[str, object] = {}
        self.claims: dict[str, object] = {}
        self.metadata: dict[str, object] = {}
        self.keys: object = None
        """What it answers for its keys, in place of them."""
        self.token_answer: tuple[int, object] | None = None
        self.nonce = ""
        self.issuer = ""
        self.asked: list[str] = []

    def discovery(self) -> dict[str, object]:
        addresses = {
            name: f"{self.issuer}/{name}"
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        }
        return {"issuer": self.issuer, **addresses, **self.metadata}

    def token(self) -> tuple[int, object]:
        if self.token_answer is not None:
            return self.token_answer
        now = int(time.time())
        own = {
            "iss": self.issuer,
            "sub": "1",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "employeeHsaId": ACTOR,
        }
        claims = {name: value for name, value in (own | self.claims).items() if value is not None}
        header = {"alg": "RS256", "kid": "known"} | self.header
        if header["alg"] == "RS256":
            return 200, self._answer(jwt.encode(header, claims, self.signs_with))
        signed = b".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
        is_none = header["alg"] == "none"
        signature = (
            b"" if is_none else hmac.digest(self.key.as_pem(private=False), signed, "sha256")
        )
        return 200, self._answer(b".".join([signed, _base64(signature)]).decode())

    def answer(self, path: str) -> tuple[int, object]:
        self.asked.append(path)
        match path.rpartition("/")[2]:
            case "openid-configuration":
                return 200, self.discovery()
            case "jwks_uri":
                return 200, self.keys or {"keys": [self.key.as_dict(private=False)]}
            case _:
                return self.token()

    def _answer(self, id_token: str) -> dict[str, object]:
        return {"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": id_token}


def _base64(part: bytes) -> bytes:
    return urlsafe_b64encode(part).rstrip(b"=")


@contextmanager
def forging() -> Iterator[Forger]:
    """The forger, answering on localhost."""
    forger = Forger()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, document = forger.answer(self.path)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    forger.issuer = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield forger
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
