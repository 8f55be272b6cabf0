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


def named(settings):
    return {f"SYNC_WORKER_{name}": value for name, value in settings.items()}


def refusal(environ):
    """What is said of settings that are not right."""
    with pytest.raises(UserError) as raised:
        load_settings(environ)
    assert raised.value.exit_code is Exit.USAGE
    assert raised.value.code == "configuration"
    return as_text(raised.value) + as_json(raised.value)
