"""Behind a proxy that signs people in, a session is theirs whom the proxy names each time."""

from ipaddress import ip_network

import pytest
from tests.worlds import page
from tests.worlds.page import Browser, Document

from sync_worker.web.rights import Rights, Role
from sync_worker.web.sign_in.header import HeaderSignIn

SECRET = {"X-Proxy-Secret": "made up for this test"}


class ProxiedBrowser(Browser):
    """A browser behind a proxy."""

    def named(self, actor):
        self.client.headers.update({**SECRET, "X-User": actor})
        return self


@pytest.fixture
def proxied(registry):
    sign_in = HeaderSignIn(
        networks=(ip_network("192.0.2.0/24"),),
        trusts_socket=False,
        user="x-user",
        claims=(),
        secret_name="x-proxy-secret",
        secret=lambda: SECRET["X-Proxy-Secret"],
    )
    rights = Rights.of(Role.REGIONAL_ADMINISTRATOR, "01")
    site = page.site(registry, sign_in=sign_in, rights_of=lambda _: rights)
    browser = ProxiedBrowser(site, client=("192.0.2.7", 50_000))
    with browser.client:
        yield browser


def test_whom_the_proxy_names_is_signed_in(proxied):
    proxied.named("SE2321000016-ADM1")
    shown = Document(proxied.get("/logga-in", vidare="/region?kod=01").text)
    assert shown.heading == "Mottagningar i Region Stockholm"
    assert "SE2321000016-ADM1" in shown.one("header").text


def test_a_session_ends_where_the_proxy_names_another(proxied):
    proxied.named("SE2321000016-ADM1").get("/logga-in")
    assert proxied.get("/region", kod="01").status_code == 200
    answer = proxied.named("SE2321000016-ADM2").get("/region", kod="01")
    assert answer.status_code == 401
    assert "ADM1" not in answer.text


def test_a_session_is_worth_nothing_past_the_proxy(proxied):
    proxied.named("SE2321000016-ADM1").get("/logga-in")
    del proxied.client.headers["X-Proxy-Secret"]
    assert proxied.get("/region", kod="01").status_code == 403
