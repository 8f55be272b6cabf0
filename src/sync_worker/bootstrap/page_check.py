"""The check of the administrators' page: its address, its rights, and its identity provider."""

from importlib.util import find_spec
from urllib.parse import urlsplit

from sync_worker import bootstrap
from sync_worker.config.loopback import is_loopback
from sync_worker.config.settings import Settings
from sync_worker.config.sources import variable
from sync_worker.errors import UserError
from sync_worker.inspection.doctor import Check, Finding, fail, ok, skip, warn


def page_check(settings: Settings) -> Check:
    """Looks at the page where somebody has said how people sign in to it."""
    return Check("web", lambda: _finding(settings))


def _finding(settings: Settings) -> Finding:
    if settings.web_sign_in == "dev":
        return skip("The administrators' page is not set up for others than who tries it.")
    if find_spec("starlette") is None or find_spec("authlib") is None:
        return skip("The administrators' page is not installed here.")
    parts = bootstrap.page_parts
    try:
        rules = parts.number_of_rules(settings)
    except UserError as error:
        return fail(str(error), error.hint)
    if problem := parts.discovery_problem(settings):
        return fail(
            f"The identity provider {settings.web_oidc_issuer} cannot be used: {problem}.",
            f"Compare {variable('web_oidc_issuer')} with the issuer of its discovery document, "
            "letter by letter, and see whether this machine reaches it",
        )
    return _of_settings(settings, rules)


def _of_settings(settings: Settings, rules: int) -> Finding:
    address = settings.web_base_url
    if rules == 0:
        return warn(
            "Nobody may do anything on the page: there is no rule that gives rights.",
            f"Set {variable('web_rights')}",
        )
    if is_loopback(urlsplit(address).hostname or ""):
        return warn(
            f"The address of the page, {address}, is this machine: nobody else's browser finds it.",
            f"Set {variable('web_base_url')} to what browsers call the page",
        )
    where = settings.web_oidc_issuer if settings.web_sign_in == "oidc" else "the proxy"
    return ok(f"People sign in to {address} by {where}; rules that give rights: {rules}.")
