"""What the check of the page asks its parts: imported only where the page is installed."""

from sync_worker.config.settings import Settings
from sync_worker.web.sign_in import from_settings
from sync_worker.web.sign_in.oidc import OidcSignIn
from sync_worker.web.sign_in.problems import SignInError


def number_of_rules(settings: Settings) -> int:
    """How many rules give rights; raises UserError where the table cannot be right."""
    return len(from_settings.rights_table(settings).rules)


def discovery_problem(settings: Settings) -> str | None:
    """Why the identity provider cannot be used; None where it can, or where there is none."""
    sign_in = from_settings.sign_in(settings)
    if not isinstance(sign_in, OidcSignIn):
        return None
    try:
        sign_in.provider.load_server_metadata()
    except SignInError as error:
        return str(error)
    return None
