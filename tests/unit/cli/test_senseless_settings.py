"""Settings that are not right: all told at once, by name, never by a secret's value."""

import pytest
from tests.worlds.settings import BY_HEADER, BY_OIDC, BY_TOKEN_FILE, PASSWORD, named, refusal

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
    "WEB_PORT": ["0", "65536", "http"],
    "WEB_BASE_URL": [
        "http://sida.exempel.invalid",
        "https://sida.exempel.invalid/sida",
        "https://sida.exempel.invalid?a=1",
        f"https://user:{PASSWORD}@sida.exempel.invalid",
        "sida.exempel.invalid",
    ],
    "WEB_SIGN_IN": ["none", "saml"],
    "WEB_OIDC_ISSUER": ["http://login.exempel.invalid", "https://login.exempel.invalid/?a=1"],
    "WEB_OIDC_ACR": ["loa3", '"loa3"', "[3]", '[" "]'],
    "WEB_TRUSTED_PEERS": ["10.0.0.4", '["proxy"]', '["0.0.0.0/0"]', '["::/0"]', '["10.0.0.4/8"]'],
    "WEB_HEADER_USER": ["X_User", "X.User", "X-Forwarded-User", "Forwarded", "X User", "X--A"],
    "WEB_HEADER_CLAIMS": ["X-Groups", '["X_Groups"]'],
    "WEB_HEADER_SECRET_NAME": ["X_Secret"],
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


@pytest.mark.parametrize(
    ("given", "other"),
    [
        ({"WEB_HOST": "0.0.0.0"}, "WEB_HOST"),
        ({"WEB_HOST": "::"}, "WEB_HOST"),
        ({"WEB_HOST": "10.0.0.1"}, "WEB_HOST"),
        ({"WEB_BASE_URL": "https://sida.exempel.invalid"}, "WEB_BASE_URL"),
        ({"WEB_OIDC_ISSUER": "https://login.exempel.invalid"}, "WEB_OIDC_ISSUER"),
        ({"WEB_HEADER_SECRET": PASSWORD}, "WEB_HEADER_SECRET"),
        (BY_OIDC | {"WEB_OIDC_ISSUER": ""}, "WEB_OIDC_ISSUER"),
        (BY_OIDC | {"WEB_OIDC_CLIENT_ID": ""}, "WEB_OIDC_CLIENT_ID"),
        (BY_HEADER | {"WEB_TRUSTED_PEERS": "[]"}, "WEB_TRUSTED_PEERS"),
        (BY_HEADER | {"WEB_HEADER_SECRET": ""}, "WEB_HEADER_SECRET"),
    ],
)
def test_an_unsafe_way_of_signing_in_is_refused(given, other):
    text = refusal(named(given))
    assert "SYNC_WORKER_WEB_SIGN_IN set to" in text
    assert f"SYNC_WORKER_{other}" in text
    assert PASSWORD not in text


@pytest.mark.parametrize("name", ["WEB_HEADER_SECRET_NAME", "WEB_HEADER_CLAIMS"])
def test_one_header_cannot_say_two_things(name):
    value = '["x-auth-user"]' if name == "WEB_HEADER_CLAIMS" else "x-auth-user"
    text = refusal(named(BY_HEADER | {name: value}))
    assert "must name different headers" in text


def test_a_short_secret_of_a_proxy_is_refused():
    text = refusal(named(BY_HEADER | {"WEB_HEADER_SECRET": "kort"}))
    assert "SYNC_WORKER_WEB_HEADER_SECRET has fewer than 16 characters" in text
