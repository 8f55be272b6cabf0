"""People at an identity provider of another make, and what they do there in a tab."""

import json
from urllib.parse import urlsplit

import httpx2

from tests.services.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
from tests.web.tab import Tab

ANNA = "SE2321000016-ADM1"
PEOPLE = {
    "anna": {"employeeHsaId": ANNA, "acr": "loa3", "groups": ["stockholm"]},
    "bo": {"employeeHsaId": "SE2321000016-ADM2", "acr": "loa2", "groups": ["stockholm"]},
    "cia": {"employeeHsaId": "SE2321000016-ADM3", "acr": "loa3", "groups": []},
    "dan": {"acr": "loa3", "groups": ["stockholm"]},
}
"""Of one region; the same by a weaker proof; without rights; and without a name in HSA."""
RIGHTS = [
    {"claim": "groups", "value": "stockholm", "role": "regional_administrator", "regions": ["01"]}
]


def settings(issuer: str) -> dict[str, str]:
    """Of a page that signs people in there."""
    return {
        "WEB_SIGN_IN": "oidc",
        "WEB_OIDC_ISSUER": issuer,
        "WEB_OIDC_CLIENT_ID": CLIENT_ID,
        "WEB_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "WEB_OIDC_ACR": '["loa3"]',
        "WEB_RIGHTS": json.dumps(RIGHTS),
    }


def says_who(tab: Tab, login: str) -> None:
    """Somebody says at the provider who they are."""
    tab.one("[name=login]").send_keys(login)
    tab.one("[name=password]").send_keys("vad som helst")
    tab.press("[type=submit]")


def proves(tab: Tab, login: str) -> None:
    """Somebody says who they are, and lets the page know it."""
    says_who(tab, login)
    tab.press("[type=submit]")


def signs_in(tab: Tab, login: str, target: str = "/region?kod=01") -> None:
    tab.open("/logga-in", vidare=target)
    proves(tab, login)


def shown(tab: Tab) -> tuple[str, str]:
    """The path and query of the page that is shown, and all its text."""
    parts = urlsplit(tab.driver.current_url)
    return f"{parts.path}?{parts.query}", tab.one("body").text


def told(tab: Tab) -> tuple[int, str]:
    """The status of a page that says why somebody is not signed in, and what it says."""
    assert tab.all("main a[href^='/logga-in']"), "it leads nowhere"
    return tab.status, tab.one("main p").text


def answer_kept(tab: Tab, login: str, provider: OpenIdProvider) -> str:
    """The address that the provider sends somebody back to, before their browser follows it."""
    tab.open("/logga-in", vidare="/region?kod=01")
    says_who(tab, login)
    consent = str(tab.one("form").get_attribute("action"))
    with httpx2.Client(cookies=tab.cookies) as client:
        answer = client.post(consent, data={"prompt": "consent"})
        while answer.headers["location"].startswith(provider.issuer):
            answer = client.get(answer.headers["location"])
    return answer.headers["location"]


def starts(tab: Tab) -> dict[str, str]:
    """The cookies of sign-ins that are begun."""
    return {name: value for name, value in tab.cookies.items() if name.startswith("__Host-start-")}
