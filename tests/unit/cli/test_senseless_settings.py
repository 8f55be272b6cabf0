"""Settings that are not right: all told at once, by name, never by a secret's value."""

import pytest
from tests.worlds.settings import BY_TOKEN_FILE, PASSWORD, named, refusal

SENSELESS = {
    "DATABASE_URL": [
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://host/db",
        "postgresql:///",
        "registry.db",
        f"postgresql://user:{PASSWORD}@host:port/db",
    ],
    "SUPPORT_DATABASE_URL": ["sqlite://", f"mysql://user:{PASSWORD}@host/db"],
    "KAFKA_BOOTSTRAP_SERVERS": [",", "host:0", "host:65536", "host:port", "a:9092,,b:9092"],
    "KAFKA_ACTIVATION_TOPIC": ["..", "a topic", "å", "t" * 250],
    "KAFKA_REGION_TOPIC": [".", "a/b"],
    "KAFKA_GROUP_ID": [" "],
    "KAFKA_SESSION_TIMEOUT_MS": ["0", "-1", "45 s", "1.5"],
    "KAFKA_MAX_POLL_INTERVAL_MS": ["0", "soon"],
    "KAFKA_API_VERSION": ["2", "0.10", "5.0", "v2.7", "2.x", "-1.2", "2.7."],
    "KAFKA_SECURITY_PROTOCOL": ["TLS"],
    "KAFKA_SASL_MECHANISM": ["MD5", "GSSAPI", "AWS_MSK_IAM"],
    "KAFKA_SASL_OAUTH_TOKEN_URL": [
        "http://login.exempel.invalid/token",
        f"https://worker:{PASSWORD}@login.exempel.invalid",
        "login.exempel.invalid",
        "https://host:port/",
        "file:///token",
    ],
    "HTTP_PORT": ["-1", "65536", "http"],
    "LOG_LEVEL": ["loud", "INFO"],
    "LOG_FORMAT": ["xml"],
    "GUARD_MAX_CHANGES": ["-1", "few"],
    "GUARD_MAX_PERCENT": ["-1", "101", "10 %"],
    "GUARD_WINDOW_MINUTES": ["0", "-5"],
    "EVENTS_MAX_FUTURE_MINUTES": ["-1"],
    "EVENTS_EXTRA_REGIONS": ["26", '"26"', "[26]", '["6"]', '["26"', '["a1"]', "{}"],
    "BATCH_MAX_RECORDS": ["0", "-1", "many"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in SENSELESS.items() for value in values]
)
def test_a_senseless_value_is_refused_by_name_without_passwords(name, value):
    text = refusal(named({name: value}))
    assert f"SYNC_WORKER_{name} is not " in text
    assert PASSWORD not in text


def test_all_faults_are_reported_together(tmp_path):
    wrong = {name: values[0] for name, values in SENSELESS.items()}
    (tmp_path / "sync_worker_kafka_sasl_passwords").write_text(PASSWORD)
    given = named(wrong | {"NOTHING": "1", "SECRETS_DIR": str(tmp_path)})
    text = refusal(given)
    for name in [*wrong, "NOTHING"]:
        assert f"SYNC_WORKER_{name}" in text
    assert "sync_worker_kafka_sasl_passwords" in text
    assert PASSWORD not in text


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_logging_in_takes_a_user_and_a_password(mechanism):
    login = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_MECHANISM": mechanism}
    text = refusal(named(login))
    assert f"set to {mechanism} needs SYNC_WORKER_KAFKA_SASL_USERNAME" in text
    assert "SYNC_WORKER_KAFKA_SASL_PASSWORD" in text


def test_kerberos_is_refused_with_what_works():
    text = refusal(named({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_MECHANISM": "GSSAPI"}))
    assert "does not support Kerberos" in text
    assert "OAUTHBEARER" in text


@pytest.mark.parametrize("protocol", [{}, {"KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}])
@pytest.mark.parametrize("name", ["CAFILE", "CERTFILE"])
def test_files_of_tls_without_tls_are_refused(protocol, name):
    """Whoever names them takes the connection for encrypted."""
    text = refusal(named({f"KAFKA_SSL_{name}": "/etc/file.pem"} | protocol))
    assert f"SYNC_WORKER_KAFKA_SSL_{name}" in text
    assert "nothing would be encrypted" in text


@pytest.mark.parametrize(
    ("given", "other"),
    [
        (
            {"KAFKA_SESSION_TIMEOUT_MS": "60000", "KAFKA_MAX_POLL_INTERVAL_MS": "50000"},
            "KAFKA_SESSION_TIMEOUT_MS",
        ),
        ({"KAFKA_SASL_PASSWORD": PASSWORD}, "KAFKA_SASL_USERNAME"),
        ({"KAFKA_SASL_USERNAME": "worker"}, "KAFKA_SASL_PASSWORD"),
        ({"KAFKA_SSL_KEYFILE": "key.pem"}, "KAFKA_SSL_CERTFILE"),
        ({"KAFKA_SSL_KEY_PASSWORD": PASSWORD}, "KAFKA_SSL_CERTFILE"),
        ({"KAFKA_SASL_MECHANISM": "PLAIN"}, "KAFKA_SECURITY_PROTOCOL"),
        ({"KAFKA_SASL_OAUTH_CLIENT_SECRET": PASSWORD}, "KAFKA_SASL_MECHANISM"),
        ({"KAFKA_SASL_MECHANISM": "OAUTHBEARER"}, "KAFKA_SASL_OAUTH_TOKEN_FILE"),
        ({"KAFKA_SASL_MECHANISM": "OAUTHBEARER"}, "KAFKA_SASL_OAUTH_CLIENT_SECRET"),
        (BY_TOKEN_FILE | {"KAFKA_SASL_OAUTH_SCOPE": "s"}, "KAFKA_SASL_OAUTH_TOKEN_FILE"),
        (
            BY_TOKEN_FILE | {"KAFKA_SASL_USERNAME": "a", "KAFKA_SASL_PASSWORD": PASSWORD},
            "KAFKA_SASL_MECHANISM",
        ),
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "KAFKA_SASL_MECHANISM"),
        (
            {"KAFKA_SASL_USERNAME": "worker", "KAFKA_SASL_PASSWORD": PASSWORD},
            "KAFKA_SASL_MECHANISM",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_both_named(given, other):
    text = refusal(named(given))
    named_there = set(given) - set(BY_TOKEN_FILE) - {"KAFKA_SASL_PASSWORD"} | {other}
    assert all(f"SYNC_WORKER_{name}" in text for name in named_there)
    assert PASSWORD not in text
