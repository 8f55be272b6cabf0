"""The way of signing in, and the table of rights, that the settings ask for."""

from ipaddress import ip_network

from sync_worker.config.secrets import CurrentSecret
from sync_worker.config.settings import Settings
from sync_worker.config.web_validators import UNIX
from sync_worker.domain.regions import Regions
from sync_worker.web.rights_table import RightsTable
from sync_worker.web.sign_in import dev
from sync_worker.web.sign_in.dev import DevSignIn
from sync_worker.web.sign_in.header import HeaderSignIn
from sync_worker.web.sign_in.oidc import CALLBACK_PATH, OidcSignIn
from sync_worker.web.sign_in.protocol import SignIn
from sync_worker.web.sign_in.provider import Provider


def sign_in(settings: Settings) -> SignIn:
    """How people sign in."""
    match settings.web_sign_in:
        case "dev":
            return DevSignIn()
        case "header":
            return _header(settings)
        case "oidc":
            return _oidc(settings)


def rights_table(settings: Settings) -> RightsTable:
    """Who may do what; of the made-up people where they sign in, and no table is set.

    Raises:
        UserError: the table cannot be right.
    """
    regions = Regions(settings.events_extra_regions)
    if settings.web_sign_in == "dev" and settings.web_rights is None:
        return dev.rights_table(regions)
    return RightsTable.load(settings.web_rights, regions)


def _header(settings: Settings) -> HeaderSignIn:
    peers = settings.web_trusted_peers
    return HeaderSignIn(
        networks=tuple(ip_network(peer) for peer in peers if peer != UNIX),
        trusts_socket=UNIX in peers,
        user=settings.web_header_user,
        claims=settings.web_header_claims,
        secret_name=settings.web_header_secret_name,
        secret=_secret(settings, "web_header_secret"),
    )


def _oidc(settings: Settings) -> OidcSignIn:
    has_secret = settings.web_oidc_client_secret is not None
    provider = Provider(
        issuer=settings.web_oidc_issuer or "",
        client_id=settings.web_oidc_client_id or "",
        scope=settings.web_oidc_scope,
        redirect_uri=settings.web_base_url + CALLBACK_PATH,
        client_secret=_secret(settings, "web_oidc_client_secret") if has_secret else None,
    )
    return OidcSignIn(
        provider, settings.web_base_url, settings.web_oidc_actor_claim, settings.web_oidc_acr
    )


def _secret(settings: Settings, field: str) -> CurrentSecret:
    return CurrentSecret(field, getattr(settings, field).get_secret_value())
