"""Every setting, and how settings are given and refused."""

import pytest

from sync_worker.cli.errors import as_json, as_text
from sync_worker.config.settings import load_settings
from sync_worker.errors import Exit, UserError

PASSWORD = "h3mligt-ord"
# name: default, a value in an environment, what it becomes
SETTINGS = {
    "DATABASE_URL": ("sqlite:///sync-worker.db", "sqlite:///other.db", "sqlite:///other.db"),
    "SUPPORT_DATABASE_URL": (None, "postgresql://host/db", "postgresql://host/db"),
    "KAFKA_BOOTSTRAP_SERVERS": (None, "one:9092,two:9092", "one:9092,two:9092"),
    "KAFKA_ACTIVATION_TOPIC": ("eservices.clinic.activation", "activation", "activation"),
    "KAFKA_REGION_TOPIC": ("eservices.clinic.region", "activation", "activation"),
    "KAFKA_GROUP_ID": ("complaints-sync", "other", "other"),
    "KAFKA_SESSION_TIMEOUT_MS": (6_000, "10000", 10_000),
    "KAFKA_MAX_POLL_INTERVAL_MS": (120_000, "300000", 300_000),
    "KAFKA_API_VERSION": (None, "2.7", "2.7"),
    "KAFKA_SECURITY_PROTOCOL": (None, "SSL", "SSL"),
    "HTTP_HOST": ("127.0.0.1", "0.0.0.0", "0.0.0.0"),
    "HTTP_PORT": (9464, "0", 0),
    "WORKER_NAME": (None, "worker-0", "worker-0"),
    "LOG_LEVEL": ("info", "debug", "debug"),
    "LOG_FORMAT": ("auto", "json", "json"),
    "LANG": (None, "sv", "sv"),
    "GUARD_MAX_CHANGES": (5, "0", 0),
    "GUARD_MAX_PERCENT": (10, "100", 100),
    "GUARD_WINDOW_MINUTES": (60, "5", 5),
    "EVENTS_MAX_FUTURE_MINUTES": (10, "0", 0),
    "EVENTS_EXTRA_REGIONS": ((), '["26", "27"]', ("26", "27")),
    "BATCH_MAX_RECORDS": (100_000, "1", 1),
    "WEB_HOST": ("127.0.0.1", "::1", "::1"),
    "WEB_PORT": (8177, "80", 80),
    "WEB_PUBLIC_BODY": (None, "Region Exempel", "Region Exempel"),
    "WEB_BASE_URL": ("http://127.0.0.1:8177", "http://localhost/", "http://localhost"),
    "WEB_OIDC_SCOPE": ("openid", "openid profile", "openid profile"),
    "WEB_OIDC_ACTOR_CLAIM": ("employeeHsaId", "sub", "sub"),
    "WEB_OIDC_ACR": ((), '["loa3", "loa4"]', ("loa3", "loa4")),
    "WEB_RIGHTS": (None, "rights.json", "rights.json"),
    "WEB_TRUSTED_PEERS": ((), '["10.0.0.4/32", "unix"]', ("10.0.0.4/32", "unix")),
    "WEB_HEADER_USER": ("X-Auth-User", "X-User", "X-User"),
    "WEB_HEADER_CLAIMS": ((), '["X-Groups"]', ("X-Groups",)),
    "WEB_METRICS_PORT": (0, "9465", 9465),
    "WEB_HEADER_SECRET_NAME": ("X-Auth-Proof", "X-Secret", "X-Secret"),
}
# These are right only together with others.
TOGETHER = {
    "KAFKA_SSL_CAFILE": "/etc/ca.pem",
    "KAFKA_SSL_KEY_PASSWORD": PASSWORD,
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA_SASL_USERNAME": "worker",
    "KAFKA_SASL_PASSWORD": PASSWORD,
    "KAFKA_SSL_CERTFILE": "/etc/cert.pem",
    "KAFKA_SSL_KEYFILE": "/etc/key.pem",
}
BY_TOKEN = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
    "KAFKA_SASL_OAUTH_TOKEN_URL": "https://login.exempel.invalid/token",
    "KAFKA_SASL_OAUTH_CLIENT_ID": "worker",
    "KAFKA_SASL_OAUTH_CLIENT_SECRET": PASSWORD,
    "KAFKA_SASL_OAUTH_SCOPE": "kafka",
}
BY_TOKEN_FILE = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
    "KAFKA_SASL_OAUTH_TOKEN_FILE": "/run/token",
}
BY_OIDC = {
    "WEB_SIGN_IN": "oidc",
    "WEB_BASE_URL": "https://sida.exempel.invalid",
    "WEB_OIDC_ISSUER": "https://login.exempel.invalid/realm",
    "WEB_OIDC_CLIENT_ID": "page",
    "WEB_OIDC_CLIENT_SECRET": PASSWORD,
}
BY_HEADER = {
    "WEB_SIGN_IN": "header",
    "WEB_TRUSTED_PEERS": '["10.0.0.4/32"]',
    "WEB_HEADER_SECRET": f"{PASSWORD}-and-more",
}
UNSET_OF_THE_PAGE = {
    "WEB_SIGN_IN": "dev",
    "WEB_OIDC_ISSUER": None,
    "WEB_OIDC_CLIENT_ID": None,
    "WEB_OIDC_CLIENT_SECRET": None,
    "WEB_HEADER_SECRET": None,
}
"""Their defaults, where they are right only together."""


def named(settings):
    return {f"SYNC_WORKER_{name}": value for name, value in settings.items()}


def refusal(environ):
    """What is said of settings that are not right."""
    with pytest.raises(UserError) as raised:
        load_settings(environ)
    assert raised.value.exit_code is Exit.USAGE
    assert raised.value.code == "configuration"
    return as_text(raised.value) + as_json(raised.value)
