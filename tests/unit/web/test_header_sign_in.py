"""A proxy's headers are believed from the proxy alone, each once."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from tests.worlds.settings import named

from sync_worker.config.settings import load_settings
from sync_worker.web.sign_in import from_settings, problems
from sync_worker.web.sign_in.header import HeaderSignIn
from sync_worker.web.sign_in.problems import SignInError

SECRET = "hemlig-nog-att-lita-pa"
PROXY, ELSEWHERE = ("10.0.0.4", 50000), ("10.0.0.5", 50000)
USER = ("X-Auth-User", "SE2321000016-ADM1")
PROOF = ("X-Auth-Proof", SECRET)
GROUPS = ("X-Auth-Groups", "stockholm, support")
SETTINGS = {
    "WEB_SIGN_IN": "header",
    "WEB_TRUSTED_PEERS": '["10.0.0.4/32", "fd00::4/128"]',
    "WEB_HEADER_SECRET": SECRET,
    "WEB_HEADER_CLAIMS": '["X-Auth-Groups"]',
}


def region_page(request):
    """Never called."""


def request(*headers, peer: tuple[str, int] | None = PROXY):
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": raw}
    app = Starlette(routes=[Route("/region", region_page)])
    return Request(scope | {"client": peer, "app": app})


def sign_in(**settings):
    way = from_settings.sign_in(load_settings(named(SETTINGS | settings)))
    assert isinstance(way, HeaderSignIn)
    return way


def test_the_proxy_says_who_it_is():
    signed_in = sign_in().begin(request(USER, PROOF, GROUPS), "/region?kod=01")
    assert signed_in.identity.actor == "SE2321000016-ADM1"
    assert signed_in.identity.claims == {"X-Auth-Groups": ["stockholm", "support"]}
    assert signed_in.next_page == "/region?kod=01"


@pytest.mark.parametrize("peer", [("10.0.0.4", 1), ("::ffff:10.0.0.4", 1), ("fd00::4", 1)])
def test_each_address_of_the_proxy_is_trusted(peer):
    assert sign_in().begin(request(USER, PROOF, peer=peer), "/").identity.actor == USER[1]


@pytest.mark.parametrize("peer", [None, ("", 0)])
def test_a_unix_socket_is_trusted_where_the_setting_says_so(peer):
    with pytest.raises(SignInError):
        sign_in().begin(request(USER, PROOF, peer=peer), "/")
    way = sign_in(WEB_TRUSTED_PEERS='["unix"]')
    assert way.begin(request(USER, PROOF, peer=peer), "/").identity.actor == USER[1]
    with pytest.raises(SignInError):
        way.begin(request(USER, PROOF, peer=PROXY), "/")


@pytest.mark.parametrize(
    ("headers", "peer", "problem"),
    [
        ([USER, PROOF], ELSEWHERE, problems.UNTRUSTED),
        ([USER, PROOF], ("::ffff:10.0.0.5", 1), problems.UNTRUSTED),
        ([USER, PROOF], ("proxy", 1), problems.UNTRUSTED),
        ([USER, PROOF, ("X-Forwarded-For", "10.0.0.4")], ELSEWHERE, problems.UNTRUSTED),
        ([USER], PROXY, problems.UNTRUSTED),
        ([USER, ("X-Auth-Proof", "")], PROXY, problems.UNTRUSTED),
        ([USER, ("X-Auth-Proof", SECRET + "x")], PROXY, problems.UNTRUSTED),
        ([USER, ("X-Auth-Proof", "å")], PROXY, problems.UNTRUSTED),
        ([USER, PROOF, PROOF], PROXY, problems.AMBIGUOUS),
        ([("X-Auth-User", "SE1-A"), USER, PROOF], PROXY, problems.AMBIGUOUS),
        ([("x-auth-user", USER[1]), USER, PROOF], PROXY, problems.AMBIGUOUS),
        ([USER, PROOF, GROUPS, GROUPS], PROXY, problems.AMBIGUOUS),
        ([("X_Auth_User", "SE1-A"), PROOF], PROXY, problems.AMBIGUOUS),
        ([USER, PROOF, ("X_Auth_User", "SE1-A")], PROXY, problems.AMBIGUOUS),
        ([USER, PROOF, ("X.Auth.User", "SE1-A")], PROXY, problems.AMBIGUOUS),
        ([USER, PROOF, ("X-Auth_Groups", "support")], PROXY, problems.AMBIGUOUS),
        ([USER, ("X-Auth.Proof", SECRET)], PROXY, problems.AMBIGUOUS),
        ([("X-Auth-User", "SE1\x85A"), PROOF], PROXY, problems.AMBIGUOUS),
        ([PROOF], PROXY, problems.NOBODY),
        ([("X-Auth-User", ""), PROOF], PROXY, problems.NOBODY),
        ([("X-Auth-User", "  "), PROOF], PROXY, problems.NOBODY),
        ([("X-Auth-User", "S" * 65), PROOF], PROXY, problems.NOBODY),
    ],
)
def test_anything_else_signs_nobody_in(headers, peer, problem):
    with pytest.raises(SignInError) as raised:
        sign_in().begin(request(*headers, peer=peer), "/")
    assert raised.value.problem is problem
    assert SECRET not in str(raised.value)
    assert "SE1" not in str(raised.value)


def test_a_header_in_another_encoding_is_refused():
    latin = request(PROOF)
    latin.scope["headers"].append((b"x-auth-user", "Åsa".encode("latin-1")))
    with pytest.raises(SignInError) as raised:
        sign_in().begin(latin, "/")
    assert raised.value.problem is problems.AMBIGUOUS


def test_every_request_says_who_it_is_from():
    other = ("X-Auth-User", "SE2321000016-ADM2")
    assert sign_in().named_actor(request(other, PROOF)) == other[1]
    with pytest.raises(SignInError):
        sign_in().named_actor(request(other))


def test_other_headers_may_come_as_often_as_they_like():
    others = [("Accept", "a"), ("Accept", "b"), ("X_Other", "c")]
    assert sign_in().begin(request(USER, PROOF, *others), "/").identity.actor == USER[1]


def test_claims_that_the_settings_do_not_name_are_not_read():
    signed_in = sign_in(WEB_HEADER_CLAIMS="").begin(request(USER, PROOF, GROUPS), "/")
    assert signed_in.identity.claims == {}


def test_ambiguity_is_the_only_bad_request():
    assert problems.AMBIGUOUS.status == 400
    assert (problems.UNTRUSTED.status, problems.NOBODY.status) == (403, 403)
