"""Whether what is secret leaves this machine in the clear: a check of the settings alone."""

from collections.abc import Iterator

from sync_worker.config import postgresql_url
from sync_worker.config.loopback import is_local_cluster, is_loopback
from sync_worker.config.settings import Settings
from sync_worker.config.sources import variable
from sync_worker.inspection.doctor import Check, Finding, ok, warn

_MAY_BE_CLEAR = ("disable", "allow", "prefer")


def check(settings: Settings) -> Check:
    """Warns of logins, and of a registry, that go over a network without TLS."""
    return Check("encryption", lambda: _finding(settings))


def _finding(settings: Settings) -> Finding:
    found = [*_of_kafka(settings), *_of_databases(settings)]
    if not found:
        return ok("No secret leaves this machine unencrypted.")
    return warn(
        " ".join(told for told, _ in found), "; ".join(dict.fromkeys(fix for _, fix in found))
    )


def _of_kafka(settings: Settings) -> Iterator[tuple[str, str]]:
    servers = settings.kafka_bootstrap_servers
    if servers is None or settings.kafka_security_protocol != "SASL_PLAINTEXT":
        return
    if not is_local_cluster(servers, ()):
        how = f"The login to Kafka by {settings.kafka_sasl_mechanism}"
        told = f"{how}, and all records, go to another machine unencrypted."
        fix = f"Set {variable('kafka_security_protocol')} to SASL_SSL, where the brokers offer it"
        yield told, fix


def _of_databases(settings: Settings) -> Iterator[tuple[str, str]]:
    for name in ("database_url", "support_database_url"):
        url = getattr(settings, name)
        if url is None or not postgresql_url.is_postgresql(url):
            continue
        stated = postgresql_url.with_client_defaults(postgresql_url.parse_url(url))
        if stated["sslmode"] in _MAY_BE_CLEAR and not _is_local(stated):
            where = f"{variable(name)} leads to another machine with sslmode={stated['sslmode']}"
            told = f"{where}: the connection may be unencrypted, and anybody could answer."
            yield told, "Add sslmode=verify-full and sslrootcert=FILE to the URL"


def _is_local(stated: dict[str, str]) -> bool:
    """Whether every host is this machine, or a socket of it."""
    hosts = (stated.get("hostaddr") or stated.get("host") or "").split(",")
    return all(not host or host[0] in "/@" or is_loopback(host) for host in hosts)
