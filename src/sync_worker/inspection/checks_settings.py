"""The check of the settings: whether anything secret leaves this machine unencrypted."""

from collections.abc import Iterator
from typing import NamedTuple

from sync_worker.config import postgresql_url
from sync_worker.config.loopback import is_local_cluster, is_loopback
from sync_worker.config.settings import Settings
from sync_worker.config.sources import variable
from sync_worker.inspection.doctor import Check, Finding, ok, warn

_MAY_BE_UNENCRYPTED = ("disable", "allow", "prefer")


class _Exposure(NamedTuple):
    detail: str
    fix: str


def encryption_check(settings: Settings) -> Check:
    """Warns of logins, and of a registry, that go over a network without TLS."""
    return Check("encryption", lambda: _finding(settings))


def _finding(settings: Settings) -> Finding:
    exposures = [*_of_kafka(settings), *_of_databases(settings)]
    if not exposures:
        return ok("No secret leaves this machine unencrypted.")
    fixes = dict.fromkeys(exposure.fix for exposure in exposures)
    return warn(" ".join(exposure.detail for exposure in exposures), "; ".join(fixes))


def _of_kafka(settings: Settings) -> Iterator[_Exposure]:
    servers = settings.kafka_bootstrap_servers
    if servers is None or settings.kafka_security_protocol != "SASL_PLAINTEXT":
        return
    if not is_local_cluster(servers, ()):
        yield _Exposure(
            f"The login to Kafka by {settings.kafka_sasl_mechanism} and all records go to another "
            "machine unencrypted.",
            f"Set {variable('kafka_security_protocol')} to SASL_SSL, where the brokers offer it",
        )


def _of_databases(settings: Settings) -> Iterator[_Exposure]:
    for name in ("database_url", "support_database_url"):
        url = getattr(settings, name)
        if url is None or not postgresql_url.is_postgresql(url):
            continue
        options = postgresql_url.with_client_defaults(postgresql_url.parse_url(url))
        if options["sslmode"] in _MAY_BE_UNENCRYPTED and not _is_local(options):
            yield _Exposure(
                f"{variable(name)} leads to another machine with sslmode={options['sslmode']}: the "
                "connection may be unencrypted, and the server is not verified.",
                "Add sslmode=verify-full and sslrootcert=FILE to the URL",
            )


def _is_local(options: dict[str, str]) -> bool:
    """Whether every host is this machine, or a socket of it."""
    hosts = (options.get("hostaddr") or options.get("host") or "").split(",")
    return all(not host or host[0] in "/@" or is_loopback(host) for host in hosts)
