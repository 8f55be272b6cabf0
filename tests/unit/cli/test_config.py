"""`config show`: every setting, where it came from, and no secret."""

import csv
import io

import pytest
from tests.worlds.settings import (
    BY_TOKEN,
    BY_TOKEN_FILE,
    SETTINGS,
    TOGETHER,
    UNSET_OF_THE_PAGE,
    named,
)

PASSWORD = "h3mligt-ord"
URLS = {
    f"postgresql://worker:{PASSWORD}@host/registry": "postgresql://worker:***@host/registry",
    f"postgresql://worker:{PASSWORD}%40@host/db": "postgresql://worker:***@host/db",
    f"postgresql://:{PASSWORD}@host/db": "postgresql://:***@host/db",
    f"postgresql://host/db?user=worker&password={PASSWORD}": (
        "postgresql://host/db?user=worker&password=***"
    ),
    f"postgresql://host/db?sslpassword={PASSWORD}&sslmode=require": (
        "postgresql://host/db?sslpassword=***&sslmode=require"
    ),
    "postgresql://worker@host/db": "postgresql://worker@host/db",
    "sqlite:///a@b.db": "sqlite:///a@b.db",
}


def shown(sync_worker):
    return {item["name"]: item for item in sync_worker("config", "show", "-o", "json").items}


@pytest.fixture
def given(monkeypatch):
    """Puts settings into the environment."""

    def put(settings):
        for name, value in named(settings).items():
            monkeypatch.setenv(name, value)

    return put


def test_every_setting_is_listed_with_its_default(sync_worker):
    settings = shown(sync_worker)
    expected: dict[str, object] = {
        name: [] if case[0] == () else case[0] for name, case in SETTINGS.items()
    }
    together = dict.fromkeys(TOGETHER | BY_TOKEN | BY_TOKEN_FILE) | UNSET_OF_THE_PAGE
    expected = named(together | expected)
    assert {name: item["value"] for name, item in settings.items()} == expected
    assert {item["source"] for item in settings.values()} == {"default"}
    assert all(item["description"] for item in settings.values())


def test_each_setting_says_where_it_came_from(sync_worker, given, monkeypatch, tmp_path):
    (tmp_path / "sync_worker_http_host").write_text("0.0.0.0\n")
    monkeypatch.setenv("SYNC_WORKER_SECRETS_DIR", str(tmp_path))
    given({"HTTP_PORT": "1", "LOG_LEVEL": ""})
    settings = shown(sync_worker)
    sources = [
        settings[f"SYNC_WORKER_{name}"]["source"]
        for name in ("HTTP_HOST", "HTTP_PORT", "LOG_LEVEL")
    ]
    assert sources == ["secret file", "environment", "default"]
    assert settings["SYNC_WORKER_HTTP_HOST"]["value"] == "0.0.0.0"


@pytest.mark.parametrize("form", ["table", "json", "csv"])
@pytest.mark.parametrize(("url", "masked"), URLS.items())
def test_a_password_is_masked_in_every_form(sync_worker, given, form, url, masked):
    given({"DATABASE_URL": url, "SUPPORT_DATABASE_URL": url} | TOGETHER)
    told = sync_worker("config", "show", "-o", form)
    assert told.exit_code == 0, told.stderr
    assert masked in told.stdout
    assert PASSWORD not in told.stdout + told.stderr


def test_unset_settings_are_named_in_tables_and_empty_in_csv(sync_worker):
    lines = sync_worker("config", "show").stdout.splitlines()
    (line,) = [line for line in lines if line.startswith("SYNC_WORKER_KAFKA_SASL_PASSWORD ")]
    assert "(not set)" in line
    rows = csv.DictReader(io.StringIO(sync_worker("config", "show", "-o", "csv").stdout))
    values = {row["name"]: row["value"] for row in rows}
    assert values["SYNC_WORKER_KAFKA_SASL_PASSWORD"] == ""


def test_it_ends_with_2_and_says_everything_that_is_wrong(sync_worker, given):
    given({"HTTP_PORT": "many", "LOG_LEVL": "info", "KAFKA_SASL_PASSWORD": PASSWORD})
    told = sync_worker("config", "show", "-o", "json")
    assert told.exit_code == 2
    assert told.error["code"] == "configuration"
    for name in ("SYNC_WORKER_HTTP_PORT", "SYNC_WORKER_LOG_LEVL", "SYNC_WORKER_LOG_LEVEL"):
        assert name in told.error["message"]
    assert PASSWORD not in told.stderr
