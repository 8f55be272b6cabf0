"""Where a service is looked for, and what happens where there is none."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from tests.services import chromium, npm
from tests.services.broker import Broker, NativeBroker
from tests.services.certificates import Authority, Pair
from tests.services.chromium import NoBrowser
from tests.services.cluster import Cluster
from tests.services.given import GivenBroker, GivenPostgres
from tests.services.jars import NoJars
from tests.services.nginx import Nginx, NoNginx
from tests.services.npm import NoPackage, Package
from tests.services.openid_provider import OpenIdProvider
from tests.services.pgbouncer import NoPooler, Pooler
from tests.services.postgres import NativePostgres, NoServer, PostgresServer
from tests.services.prometheus import NoPrometheus, Prometheus, program
from tests.services.replication import Replication
from tests.services.tls_postgres import TlsPostgres

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

T = TypeVar("T")

_NOT_HERE = (NoJars, NoServer, NoPooler, NoPrometheus, NoBrowser, NoPackage, NoNginx)

missing: dict[str, str] = {}
"""Services that were not found, each with the reason; printed at the end of the run."""


def broker() -> Broker:
    """A broker: given, in Docker or native; skips or fails the test where there is none."""
    address = os.environ.get("TEST_SYNC_WORKER_KAFKA")
    if address:
        return GivenBroker(address)
    if _docker():
        from tests.services.containers import ContainerBroker  # noqa: PLC0415 - heavy

        return ContainerBroker()
    return _native("Kafka", NativeBroker)


def broker_with(
    settings: Mapping[str, object], listeners: Mapping[str, tuple[str, str]]
) -> NativeBroker:
    """A broker with these settings, always native; skips or fails the test where there is none."""
    return _native("Kafka", lambda: NativeBroker(settings, listeners))


def cluster() -> Cluster:
    """Three brokers, always native; skips or fails the test where there are none."""
    return _native("Kafka", Cluster)


def postgres(*, buffers_megabytes: int = 64) -> PostgresServer:
    """A server: given, in Docker or native; skips or fails the test where there is none.

    A native one keeps so many MB of its tables in memory.
    """
    address = os.environ.get("TEST_SYNC_WORKER_POSTGRES")
    if address:
        return GivenPostgres(address)
    if _docker():
        from tests.services.containers import ContainerPostgres  # noqa: PLC0415 - heavy

        return ContainerPostgres()
    return _native("PostgreSQL", lambda: NativePostgres(buffers_megabytes=buffers_megabytes))


def tls_postgres(authority: Authority, shown: Pair, rules: Iterable[str]) -> TlsPostgres:
    """A server that offers TLS; skips or fails the test where there is none."""
    return _native("PostgreSQL with TLS", lambda: TlsPostgres(authority, shown, rules))


def pooler(server: PostgresServer) -> Pooler:
    """A pooler in front of the server; skips or fails the test where there is none."""
    return _native("PgBouncer", lambda: Pooler(server.url))


def postgres_in(folder: Path) -> NativePostgres:
    """A server of its own with its data below a folder; skips or fails where there can be none."""
    return _native("PostgreSQL", lambda: NativePostgres(folder=folder))


def replication(*, synchronous: bool) -> Replication:
    """A primary with a standby; skips or fails the test where there can be none."""
    return _native("PostgreSQL", lambda: Replication(synchronous=synchronous))


def prometheus(rules: str) -> Prometheus:
    """A Prometheus with these alert rules; skips or fails the test where there is none."""
    return _native("Prometheus", lambda: Prometheus(rules))


def promtool() -> str:
    """The program that checks rules; skips or fails the test where there is none."""
    return _native("promtool", lambda: program("promtool"))


def browser() -> "Chrome":
    """A browser without a window; skips or fails the test where there is none."""
    return _native("Chromium", chromium.start)


def pdftotext() -> str:
    """The program that reads printed pages; skips or fails the test where there is none."""
    return _native("pdftotext", lambda: chromium.program("pdftotext", "poppler-utils"))


def npm_package(package: Package) -> Path:
    """The folder of a package's files; skips or fails the test where it cannot be had."""
    return _native(package.name, lambda: npm.folder(package))


def openid_provider(folder: Path, people: Mapping[str, Mapping[str, object]]) -> OpenIdProvider:
    """An identity provider that is not started yet; skips or fails where there can be none."""
    return _native("oidc-provider", lambda: OpenIdProvider(folder, people))


def java() -> str:
    """The program that runs Java's; skips or fails the test where there is none."""
    return _native("Java", npm.java)


def nginx(port: int, host: str, replaced: Mapping[str, str]) -> Nginx:
    """The proxy of the page; skips or fails the test where there is none."""
    return _native("nginx", lambda: Nginx(port, host, replaced))


def are_required() -> bool:
    """Whether a missing service fails: in CI, and where the environment says so."""
    in_ci = os.environ.get("CI", "").lower() in ("1", "true", "yes")
    return in_ci or os.environ.get("TEST_SYNC_WORKER_REQUIRE_SERVICES") == "1"


def _native(service: str, start: Callable[[], T]) -> T:
    try:
        return start()
    except _NOT_HERE as reason:
        missing[service] = str(reason)
        sentence = f"{service} is not here: {reason}"
    if are_required():
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def _docker() -> bool:
    try:
        from tests.services.containers import daemon_answers  # noqa: PLC0415 - heavy
    except ModuleNotFoundError:
        return False
    return daemon_answers(os.environ.get("DOCKER_HOST"))
