"""Settings: defaults, where they are given, and everything that is wrong told at once."""

import pytest
from pydantic import ValidationError
from tests.worlds.settings import (
    BY_HEADER,
    BY_OIDC,
    BY_TOKEN,
    BY_TOKEN_FILE,
    PASSWORD,
    SETTINGS,
    TOGETHER,
    named,
    refusal,
)

from sync_worker.config.settings import Settings, load_settings


def value_of(settings, name):
    return getattr(settings, name.lower())


@pytest.fixture
def secrets(tmp_path):
    """Writes files into a folder of secrets; the environment that names it."""

    def write(**contents):
        for name, content in contents.items():
            (tmp_path / f"sync_worker_{name.lower()}").write_text(content, encoding="utf-8")
        return {"SYNC_WORKER_SECRETS_DIR": str(tmp_path)}

    return write


@pytest.mark.parametrize(("name", "case"), SETTINGS.items())
def test_a_setting_has_its_default_where_nothing_is_given(name, case):
    default, *_ = case
    assert value_of(load_settings({}), name) == default


@pytest.mark.parametrize(("name", "case"), SETTINGS.items())
def test_a_setting_comes_from_the_environment_or_a_secret_file(name, case, secrets):
    _, given, expected = case
    assert value_of(load_settings(named({name: given})), name) == expected
    assert value_of(load_settings(secrets(**{name: f"{given}\n"})), name) == expected


NEVER_BLANK = ("DATABASE_URL", "SUPPORT_DATABASE_URL")


@pytest.mark.parametrize("name", [name for name in SETTINGS if name not in NEVER_BLANK])
def test_an_empty_value_is_not_set(name, secrets):
    default, given, expected = SETTINGS[name]
    assert value_of(load_settings(named({name: ""})), name) == default
    assert value_of(load_settings(secrets(**{name: "\n"})), name) == default
    with_file = secrets(**{name: given})
    assert value_of(load_settings(with_file | named({name: ""})), name) == expected


@pytest.mark.parametrize("blank", ["", " ", "\t", "\n"])
@pytest.mark.parametrize("name", NEVER_BLANK)
def test_a_blank_database_url_is_refused_wherever_it_stands(name, blank, secrets):
    in_force = named({"DATABASE_URL": "sqlite:///x.db"}) if name != "DATABASE_URL" else {}
    text = refusal(in_force | named({name: blank}))
    assert f"SYNC_WORKER_{name} is set and blank (environment)." in text
    with_file = in_force | secrets(**{name: blank})
    assert f"SYNC_WORKER_{name} is set and blank (secret file)." in refusal(with_file)


@pytest.mark.parametrize("blank", ["", " "])
def test_a_blank_folder_of_secrets_is_refused(blank):
    assert "SYNC_WORKER_SECRETS_DIR is set and blank" in refusal({"SYNC_WORKER_SECRETS_DIR": blank})


@pytest.mark.parametrize("name", ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"])
@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_secret_of_a_login_is_refused(name, blank):
    assert f"SYNC_WORKER_{name}" in refusal(named(TOGETHER | {name: blank}))


def test_the_tables_here_have_every_setting():
    every = SETTINGS | TOGETHER | BY_TOKEN | BY_TOKEN_FILE | BY_OIDC | BY_HEADER
    assert {name.lower() for name in every} == set(Settings.model_fields)


def test_the_environment_goes_before_a_secret_file(secrets):
    environ = secrets(KAFKA_GROUP_ID="from-file") | named({"KAFKA_GROUP_ID": "from-environment"})
    assert load_settings(environ).kafka_group_id == "from-environment"


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_only_the_last_line_break_of_a_secret_is_cut(secrets, end):
    environ = secrets(**TOGETHER | {"KAFKA_SASL_PASSWORD": f" two words {end}"})
    password = load_settings(environ).kafka_sasl_password
    assert password is not None
    assert password.get_secret_value() == " two words "


def test_settings_that_need_each_other_are_taken_together():
    settings = load_settings(named(TOGETHER))
    assert settings.kafka_sasl_mechanism == "SCRAM-SHA-512"
    assert PASSWORD not in repr(settings)


@pytest.mark.parametrize("given", [BY_TOKEN, BY_TOKEN_FILE])
def test_a_token_comes_from_a_file_or_for_client_credentials(given):
    settings = load_settings(named(given))
    assert settings.kafka_sasl_mechanism == "OAUTHBEARER"
    assert PASSWORD not in repr(settings)


@pytest.mark.parametrize(("given", "way"), [(BY_OIDC, "oidc"), (BY_HEADER, "header")])
def test_a_way_of_signing_in_has_its_settings_together(given, way):
    settings = load_settings(named(given))
    assert settings.web_sign_in == way
    assert PASSWORD not in repr(settings)


def test_support_uses_the_database_url_unless_it_has_its_own():
    own = named({"SUPPORT_DATABASE_URL": "sqlite:///support.db"})
    assert load_settings({}).support_url == "sqlite:///sync-worker.db"
    assert load_settings(own).support_url == "sqlite:///support.db"


def test_settings_cannot_be_changed():
    settings, name = load_settings({}), "http_port"
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, name, 1)


@pytest.mark.parametrize(
    ("unknown", "nearest"),
    [
        ("SYNC_WORKER_DATABSE_URL", "SYNC_WORKER_DATABASE_URL"),
        ("SYNC_WORKER_HTTP_PRT", "SYNC_WORKER_HTTP_PORT"),
        ("SYNC_WORKER_SECRET_DIR", "SYNC_WORKER_SECRETS_DIR"),
        ("SYNC_WORKER_database_url", "SYNC_WORKER_DATABASE_URL"),
        ("SYNC_WORKER_", "SYNC_WORKER_LANG"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(unknown, nearest):
    text = refusal({unknown: "1"})
    assert unknown in text
    assert f"Did you mean {nearest}?" in text


def test_an_unknown_secret_is_refused_with_the_nearest_name(secrets):
    text = refusal(secrets(KAFKA_SASL_PASWORD=PASSWORD))
    assert "sync_worker_kafka_sasl_pasword" in text
    assert "Did you mean sync_worker_kafka_sasl_password?" in text
    assert PASSWORD not in text


@pytest.mark.parametrize(
    "name",
    [
        "SYNC_WORKER_SERVICE_HOST",
        "SYNC_WORKER_SERVICE_PORT_HTTP",
        "SYNC_WORKER_PORT",
        "SYNC_WORKER_PORT_9464_TCP_ADDR",
        "SYNC_WORKER_HTTP_SERVICE_HOST",
        "SYNC_WORKER_HTTP_SERVICE_PORT",
        "SYNC_WORKER_HTTP_SERVICE_PORT_METRICS",
        "SYNC_WORKER_HTTP_PORT",
        "SYNC_WORKER_HTTP_PORT_9464_TCP",
        "SYNC_WORKER_METRICS_V2_PORT",
        "SYNC_WORKER_METRICS_V2_PORT_53_UDP_PROTO",
        "SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS_PORT",
        "OTHER_SYNC_WORKER_X",
    ],
)
def test_variables_of_kubernetes_and_of_others_are_ignored(name):
    assert load_settings({name: "tcp://10.0.0.1:9464"}) == load_settings({})


def test_what_kubernetes_injects_does_not_go_before_a_secret_file(secrets):
    environ = secrets(HTTP_PORT="1") | {"SYNC_WORKER_HTTP_PORT": "tcp://[fd00::1]:9464"}
    assert load_settings(environ).http_port == 1


def test_a_port_that_is_not_a_service_address_is_refused():
    assert "Unknown setting SYNC_WORKER_METRICS_PORT" in refusal(
        {"SYNC_WORKER_METRICS_PORT": "9464"}
    )
    assert "SYNC_WORKER_HTTP_PORT is not" in refusal({"SYNC_WORKER_HTTP_PORT": "http://x"})


def test_other_files_among_the_secrets_are_let_be(secrets, tmp_path):
    environ = secrets(HTTP_PORT="1")
    (tmp_path / "..data").mkdir()
    (tmp_path / "tls.key").write_bytes(b"\xff")
    assert load_settings(environ).http_port == 1


@pytest.mark.parametrize("kind", ["missing", "a file"])
def test_a_folder_of_secrets_that_cannot_be_read_is_refused(tmp_path, kind):
    path = tmp_path / "secrets"
    if kind == "a file":
        path.touch()
    assert "SYNC_WORKER_SECRETS_DIR" in refusal({"SYNC_WORKER_SECRETS_DIR": str(path)})


def test_a_binary_secret_is_refused_without_its_content(tmp_path):
    (tmp_path / "sync_worker_kafka_sasl_password").write_bytes(b"abc\xff")
    text = refusal({"SYNC_WORKER_SECRETS_DIR": str(tmp_path)})
    assert "sync_worker_kafka_sasl_password" in text
    assert "abc" not in text
