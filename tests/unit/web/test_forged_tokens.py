"""An ID token that is not this provider's, for this sign-in and now, signs nobody in."""

import time

import pytest
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient
from tests.worlds.identity_providers import ACTOR, PAGE, forging, oidc, page

from sync_worker.web.sign_in.oidc import OidcSignIn

HOUR = 3600
TIMES = ("exp", "iat", "nbf")


@pytest.fixture
def forger():
    with forging() as provider:
        yield provider


def finished(forger, sign_in: OidcSignIn | None = None):
    """What is said to somebody who comes back from the forger."""
    app = page(sign_in or oidc(forger.issuer))
    with TestClient(app, PAGE.replace("http:", "https:"), follow_redirects=False) as client:
        answer = client.get("/logga-in")
        if "location" not in answer.headers:
            return answer.json()["problem"]
        asked = dict(
            pair.split("=") for pair in answer.headers["location"].split("?")[1].split("&")
        )
        forger.nonce = forger.nonce or asked["nonce"]
        told = client.get("/logga-in/klar", params={"state": asked["state"], "code": "c"}).json()
    return told.get("actor") or told["problem"]


def test_a_token_that_is_right_signs_in(forger):
    assert finished(forger) == ACTOR


# Times are seconds from now.
@pytest.mark.parametrize(
    ("claims", "problem"),
    [
        ({"nonce": "other"}, "invalid"),
        ({"nonce": None}, "invalid"),
        ({"aud": "other"}, "invalid"),
        ({"aud": ["other"]}, "invalid"),
        ({"aud": "other", "azp": "page"}, "invalid"),
        ({"aud": ["page", "other"], "azp": "other"}, "invalid"),
        ({"aud": ["page", "other"], "azp": "page"}, ACTOR),
        ({"aud": None}, "invalid"),
        ({"iss": "https://evil.invalid"}, "invalid"),
        ({"iss": None}, "invalid"),
        ({"sub": None}, "invalid"),
        ({"exp": None}, "invalid"),
        ({"exp": -HOUR, "iat": -2 * HOUR}, "clock_skew"),
        ({"exp": 2 * HOUR, "iat": HOUR}, "clock_skew"),
        ({"nbf": HOUR}, "clock_skew"),
        ({"iat": 60}, ACTOR),
        ({"exp": -60}, ACTOR),
        ({"exp": "soon"}, "invalid"),
        ({"exp": [1]}, "invalid"),
        ({"aud": 1}, "invalid"),
        ({"aud": {"page": 1}}, "invalid"),
        ({"azp": ["page"]}, "invalid"),
        ({"nonce": 1}, "invalid"),
        ({"auth_time": "x"}, "invalid"),
        ({"at_hash": "x"}, "invalid"),
        ({"at_hash": 1}, "invalid"),
        ({"employeeHsaId": None}, "nobody"),
        ({"employeeHsaId": ["SE1-A"]}, "nobody"),
        ({"employeeHsaId": " "}, "nobody"),
        ({"employeeHsaId": "S" * 65}, "nobody"),
        ({"employeeHsaId": "SE1\u202eA"}, "nobody"),
    ],
)
def test_each_claim_of_a_token_counts(forger, claims, problem):
    now = int(time.time())
    forger.claims = {
        name: now + value if name in TIMES and isinstance(value, int) else value
        for name, value in claims.items()
    }
    assert finished(forger) == problem


def test_a_token_without_a_signature_is_refused(forger):
    forger.header = {"alg": "none"}
    forger.metadata = {"id_token_signing_alg_values_supported": ["none", "RS256"]}
    assert finished(forger) == "invalid"


def test_a_public_key_is_not_a_shared_secret(forger):
    forger.header = {"alg": "HS256"}
    forger.metadata = {"id_token_signing_alg_values_supported": ["HS256", "RS256"]}
    assert finished(forger) == "invalid"


@pytest.mark.parametrize("kid", ["known", "unknown"])
def test_a_key_that_is_not_the_providers_is_refused(forger, kid):
    forger.header = {"kid": kid}
    forger.signs_with = RSAKey.generate_key(2048)
    assert finished(forger) == "invalid"


def test_a_new_key_is_fetched_once_it_is_used(forger):
    sign_in = oidc(forger.issuer)
    assert finished(forger, sign_in) == ACTOR
    forger.key = forger.signs_with = RSAKey.generate_key(2048, {"kid": "new"})
    forger.header, forger.nonce = {"kid": "new"}, ""
    assert finished(forger, sign_in) == ACTOR
    assert [path for path in forger.asked if path == "/jwks_uri"] == ["/jwks_uri"] * 2


@pytest.mark.parametrize(
    "keys",
    [[], [1], {"keys": 1}, {"keys": [1]}, {"keys": [{}]}, {"keys": []}, {"keys": [{"kty": "RSA"}]}],
)
def test_keys_that_are_none_sign_nobody_in(forger, keys):
    sign_in = oidc(forger.issuer)
    forger.keys = keys or {"error": "none"}
    assert finished(forger, sign_in) == "invalid"
    forger.keys, forger.nonce = None, ""
    assert finished(forger, sign_in) == ACTOR


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        ({"issuer": "http://localhost:1"}, "invalid"),
        ({"token_endpoint": "http://evil.invalid/token"}, "invalid"),
        ({"jwks_uri": None}, "invalid"),
        ({"authorization_endpoint": 1}, "invalid"),
        ({"id_token_signing_alg_values_supported": ["none", "HS256"]}, "invalid"),
        ({"jwks": {"keys": []}}, ACTOR),
        ({"authorization_response_iss_parameter_supported": True}, "invalid"),
        ({"token_endpoint_auth_methods_supported": ["client_secret_post"]}, ACTOR),
    ],
)
def test_a_discovery_document_is_checked(forger, metadata, problem):
    forger.metadata = metadata
    assert finished(forger) == problem


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ((400, {"error": "invalid_grant"}), "lost_start"),
        ((401, {"error": "invalid_client"}), "invalid"),
        ((503, {}), "unavailable"),
        ((200, {}), "invalid"),
        ((200, [1]), "invalid"),
        ((404, [1]), "unavailable"),
        ((200, {"access_token": "a", "token_type": "Bearer"}), "invalid"),
        ((200, {"access_token": "a", "token_type": "Bearer", "id_token": "x"}), "invalid"),
        ((200, {"access_token": "a", "token_type": "Bearer", "id_token": 1}), "invalid"),
    ],
)
def test_an_answer_without_a_token_signs_nobody_in(forger, answer, problem):
    forger.token_answer = answer
    assert finished(forger) == problem


def test_a_provider_without_an_end_of_session_ends_none(forger):
    assert oidc(forger.issuer).sign_out_url("a.b.c") is None
