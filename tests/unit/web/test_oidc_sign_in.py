"""Signing in at a real identity provider: the whole way, and what goes wrong on it."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from oidc_provider_mock import User, run_server_in_thread
from starlette.testclient import TestClient
from tests.worlds.identity_providers import ACTOR, PAGE, oidc, page

from sync_worker.web.sign_in.oidc import OidcSignIn
from sync_worker.web.sign_in.protocol import AGAIN

# Of the provider's own libraries.
pytestmark = pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning")

CLAIMS = {"employeeHsaId": ACTOR, "acr": "loa3", "groups": ["stockholm"]}


@pytest.fixture(scope="module")
def issuer(module_environment):
    module_environment.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    people = [User(sub="anna", claims=CLAIMS), User(sub="nobody", claims={"acr": "loa3"})]
    with run_server_in_thread(user_claims=people) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def module_environment():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture
def sign_in(issuer):
    return oidc(issuer)


def browser(sign_in: OidcSignIn) -> TestClient:
    # Browsers take 127.0.0.1 for a secure origin and keep its Secure cookies; this client does not.
    return TestClient(page(sign_in), PAGE.replace("http:", "https:"), follow_redirects=False)


def at_provider(url, **form):
    """What somebody chooses at the provider; where they are sent back to, as a path and query."""
    answer = httpx2.post(url, data=form)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}" == PAGE
    return f"{back.path}?{back.query}"


def begun(client, target="/region"):
    return client.get("/logga-in", params={"next": target}).headers["location"]


def test_somebody_signs_in_and_sees_the_wanted_page(sign_in):
    client = browser(sign_in)
    told = client.get(at_provider(begun(client, "/region?kod=01"), sub="anna")).json()
    assert told["actor"] == ACTOR
    assert told["next"] == "/region?kod=01"
    assert told["claims"]["groups"] == ["stockholm"]
    assert told["token"].count(".") == 2
    assert not client.cookies


def test_the_provider_is_asked_with_pkce_state_and_nonce(sign_in):
    client = browser(sign_in)
    asked = parse_qs(urlsplit(begun(client)).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    assert asked["redirect_uri"] == [f"{PAGE}/logga-in/klar"]
    assert asked["scope"] == ["openid"]
    assert all(len(asked[name][0]) == 43 for name in ("code_challenge", "state", "nonce"))
    again = parse_qs(urlsplit(begun(client)).query)
    assert all(asked[name] != again[name] for name in ("code_challenge", "state", "nonce"))


def test_the_cookie_is_for_this_host_and_no_script(sign_in):
    cookie = browser(sign_in).get("/logga-in").headers["set-cookie"]
    assert cookie.startswith("__Host-start-")
    for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie


def test_an_answer_without_its_state_signs_nobody_in(sign_in):
    client = browser(sign_in)
    denied = at_provider(begun(client), action="deny")  # by this provider, which leaves it out
    assert "state" not in denied
    told = client.get(denied).json()
    assert (told["problem"], told["may_start_again"]) == ("lost_start", False)


def state_of(url):
    return parse_qs(urlsplit(url).query)["state"][0]


@pytest.mark.parametrize(
    ("error", "problem", "status"),
    [
        ("access_denied", "refused", 403),
        ("login_required", "refused", 403),
        ("<script>", "refused", 403),
        ("server_error", "unavailable", 503),
        ("temporarily_unavailable", "unavailable", 503),
        ("unmet_authentication_requirements", "weak", 403),
    ],
)
def test_an_error_of_the_provider_has_its_words(sign_in, error, problem, status):
    client = browser(sign_in)
    given = {"state": state_of(begun(client)), "error": error}
    answer = client.get("/logga-in/klar", params=given)
    assert (answer.json()["problem"], answer.status_code) == (problem, status)


def test_two_tabs_can_both_sign_in(sign_in):
    client = browser(sign_in)
    first, second = begun(client, "/region?kod=01"), begun(client, "/region?kod=03")
    assert client.get(at_provider(first, sub="anna")).json()["next"] == "/region?kod=01"
    assert client.get(at_provider(second, sub="anna")).json()["next"] == "/region?kod=03"


def test_one_process_finishes_what_another_began(issuer):
    first, second = browser(oidc(issuer)), browser(oidc(issuer))
    back = at_provider(begun(first), sub="anna")
    second.cookies = first.cookies
    assert second.get(back).json()["actor"] == ACTOR


def test_a_browser_keeps_only_the_newest_starts(sign_in):
    client = browser(sign_in)
    urls = [begun(client) for _ in range(7)]
    assert len(client.cookies) == 4
    assert client.get(at_provider(urls[0], sub="anna")).json()["problem"] == "lost_start"
    assert client.get(at_provider(urls[-1], sub="anna")).json()["actor"] == ACTOR


def test_another_browser_cannot_finish_a_sign_in(sign_in):
    back = at_provider(begun(browser(sign_in)), sub="anna")
    answer = browser(sign_in).get(back)
    assert (answer.json()["problem"], answer.status_code) == ("lost_start", 400)


def test_a_lost_start_is_begun_again_once(sign_in):
    lost = at_provider(begun(browser(sign_in)), sub="anna")
    assert browser(sign_in).get(lost).json()["may_start_again"]
    url = browser(sign_in).get("/logga-in", params={AGAIN: "1"}).headers["location"]
    lost_again = at_provider(url, sub="anna")
    assert not browser(sign_in).get(lost_again).json()["may_start_again"]


def test_a_second_attempt_signs_in_as_the_first(sign_in):
    client = browser(sign_in)
    url = client.get("/logga-in", params={AGAIN: "1"}).headers["location"]
    assert client.get(at_provider(url, sub="anna")).json()["actor"] == ACTOR


def test_an_answer_counts_once(sign_in):
    client = browser(sign_in)
    back = at_provider(begun(client), sub="anna")
    assert client.get(back).json()["actor"] == ACTOR
    assert client.get(back).json()["problem"] == "lost_start"


def test_a_code_of_nobody_signs_nobody_in(sign_in):
    client = browser(sign_in)
    given = {"state": state_of(begun(client)), "code": "made-up"}
    assert client.get("/logga-in/klar", params=given).json()["problem"] == "lost_start"


@pytest.mark.parametrize("more", ["&iss=https://evil.invalid", "&state=x", "&code=x"])
def test_an_answer_that_another_mixed_in_is_refused(sign_in, more):
    client = browser(sign_in)
    back = at_provider(begun(client), sub="anna")
    assert client.get(back + more).json()["problem"] == "invalid"


def test_a_claim_that_names_nobody_signs_nobody_in(sign_in):
    client = browser(sign_in)
    answer = client.get(at_provider(begun(client), sub="nobody"))
    assert (answer.json()["problem"], answer.status_code) == ("nobody", 403)


@pytest.mark.parametrize(
    ("floor", "key", "expected"),
    [('["loa3", "loa4"]', "actor", ACTOR), ('["loa4"]', "problem", "weak")],
)
def test_a_level_of_assurance_must_suffice(issuer, floor, key, expected):
    client = browser(oidc(issuer, WEB_OIDC_ACR=floor))
    url = begun(client)
    assert parse_qs(urlsplit(url).query)["acr_values"]
    assert client.get(at_provider(url, sub="anna")).json()[key] == expected


def test_a_foreign_next_page_leads_to_the_first(sign_in):
    client = browser(sign_in)
    told = client.get(at_provider(begun(client, "//evil.invalid"), sub="anna")).json()
    assert told["next"] == "/"


def test_signing_out_ends_the_session_there_too(sign_in, issuer):
    url = sign_in.sign_out_url("a.b.c")
    assert url.startswith(f"{issuer}/oauth2/end_session?")
    asked = parse_qs(urlsplit(url).query)
    assert asked["id_token_hint"] == ["a.b.c"]
    assert asked["post_logout_redirect_uri"] == [f"{PAGE}/utloggad"]
    assert httpx2.get(url).status_code == 200
    assert sign_in.origins() == (issuer,)


def test_a_provider_that_does_not_answer_is_unavailable():
    away = oidc("http://localhost:1")
    answer = browser(away).get("/logga-in")
    assert (answer.json()["problem"], answer.status_code) == ("unavailable", 503)
    assert away.sign_out_url("a.b.c") is None
    assert away.origins() == ("http://localhost:1",)
