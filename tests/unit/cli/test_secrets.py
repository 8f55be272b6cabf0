"""No secret reaches any output, whatever stands in it and wherever it stands."""

import json
import shutil
import string
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.worlds.settings import named

from sync_worker.config.postgresql_url import parse_url
from sync_worker.config.secrets import SECRETS, URLS, fingerprint, secrets_in
from sync_worker.config.settings import Settings, load_settings
from sync_worker.telemetry.redaction import MASK, Redaction

HEAD, TAIL = "Hemligt7", "S3condOrd"
COMMANDS = [
    ("status",),
    ("status", "--debug", "-o", "json"),
    ("doctor", "-o", "json"),
    ("config", "show"),
    ("boards", "clear", "01", "--ticket", "T-1", "-y", "-o", "json"),
]
PLACES = [
    "postgresql://worker:{}@db.exempel.invalid/registry",
    "postgresql://:{}@db.exempel.invalid",
    "postgresql://worker:{}@127.0.0.1:1,[::1]:1/registry?sslmode=require",
    "postgresql://wo@r%6Ber:{}@db.exempel.invalid/registry",
    "postgresql://wo/rker:{}@db.exempel.invalid/registry",
    "postgresql://db.exempel.invalid/registry?user=worker&password={}",
    "postgresql://db.exempel.invalid?sslpassword={}&sslmode=prefer",
    "postgresql+psycopg://worker:{}@/registry?host=db.exempel.invalid",
    "postgres://worker:{}@db.exempel.invalid/registry",
    "postgresql:worker:{}@db.exempel.invalid/registry",
]
between = st.text(string.punctuation + "1å ", min_size=1, max_size=3)
often = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@often
@given(st.data())
def test_no_part_of_a_password_is_revealed(database, sync_worker, monkeypatch, data):
    """Of what cannot be read, and of what can and leads nowhere."""
    password = HEAD + data.draw(between) + TAIL
    written = quote(password, safe="") if data.draw(st.booleans()) else password
    url = data.draw(st.sampled_from(PLACES)).replace("{}", written)
    command = data.draw(st.sampled_from(COMMANDS))
    name = "SUPPORT_DATABASE_URL" if command[0] == "boards" else "DATABASE_URL"
    with monkeypatch.context() as patch:
        for variable, value in named({name: url} | login(password)).items():
            patch.setenv(variable, value)
        ended = sync_worker(*command)
    assert not [part for part in (HEAD, TAIL) if part in ended.stdout + ended.stderr]
    assert ended.exit_code in {0, 2, 3, 5}
    assert "Something unexpected" not in ended.stderr


def test_no_part_of_a_kafka_password_is_revealed(database, sync_worker, monkeypatch):
    servers = {"KAFKA_BOOTSTRAP_SERVERS": "broker.exempel.invalid:9092"}
    for variable, value in named(servers | login(f"{HEAD}@%:/'\\{TAIL}")).items():
        monkeypatch.setenv(variable, value)
    ended = sync_worker("topics", "create", "--debug", "-o", "json")
    assert ended.exit_code == 5
    assert not [part for part in (HEAD, TAIL) if part in ended.stdout + ended.stderr]


def login(password):
    return {
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "KAFKA_SASL_MECHANISM": "PLAIN",
        "KAFKA_SASL_USERNAME": "worker",
        "KAFKA_SASL_PASSWORD": password,
    }


@given(user=st.text(min_size=1), password=st.text(min_size=1))
def test_whatever_is_percent_encoded_is_read_as_it_was_meant(user, password):
    url = f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@host/db"
    if not (user + password).isprintable():
        with pytest.raises(ValueError, match="control character"):
            parse_url(url)
        return
    read = parse_url(url)
    assert (read["user"], read["password"], read["host"]) == (user, password, "host")


@pytest.mark.parametrize("character", "@:/?#[]%")
@pytest.mark.parametrize("place", ["{}b:password", "user:{}b", "user:1{}b", "user:a{}", "{}:b"])
def test_what_can_be_read_in_two_ways_is_refused(sync_worker, monkeypatch, place, character):
    url = f"postgresql://{place.format('a' + character)}@host/db"
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", url)
    told = sync_worker("status")
    assert told.exit_code == 2
    assert "percent-encoded" in told.stderr
    assert url.partition("//")[2] not in told.stderr


@pytest.mark.parametrize(
    "query",
    [
        "sslmode=requir",
        "target_session_attrs=rw",
        "channel_binding=yes",
        "nonsense=1",
        "port=99999",
        "service=nowhere",
        "sslmode=require&sslmode=disable",
        "options=-c+search_path%3Dx",
        "sslmode",
    ],
)
def test_an_option_that_can_never_work_is_refused_at_once(sync_worker, monkeypatch, query):
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", f"postgresql://host.invalid/db?{query}")
    told = sync_worker("run", "--until-idle", "0", "-o", "json")
    assert (told.exit_code, told.error["code"]) == (2, "configuration")
    assert "SYNC_WORKER_DATABASE_URL" in told.error["message"]


def test_a_misspelt_variable_of_the_client_is_refused_at_once(sync_worker, monkeypatch):
    monkeypatch.setenv("PGSSLMODE", "requir")
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", "postgresql://host.invalid/db")
    told = sync_worker("status", "-o", "json")
    assert told.exit_code == 2
    assert "sslmode" in told.error["message"]


@pytest.mark.parametrize(
    "query",
    ["sslrootcert=/nope", "sslmode=verify-full", "sslcert=/nope", "sslkey=/nope", "sslcrl=/nope"],
)
def test_a_file_that_the_database_needs_is_refused_by_name(sync_worker, monkeypatch, folder, query):
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", f"postgresql://host.invalid/db?{query}")
    told = sync_worker("status", "-o", "json")
    assert (told.exit_code, told.error["code"]) == (2, "configuration")
    assert query.partition("=")[0].replace("mode", "rootcert") in told.error["message"]


@pytest.mark.parametrize("keyword", ["sslrootcert", "sslcert", "sslcrl"])
@pytest.mark.parametrize("path", ["file:///nope", "/nope/a:b.pem"])
def test_a_path_with_a_colon_is_a_path_like_any(sync_worker, monkeypatch, keyword, path):
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", f"postgresql://host.invalid/db?{keyword}={path}")
    told = sync_worker("status", "-o", "json")
    assert (told.exit_code, told.error["code"]) == (2, "configuration")
    assert f"{keyword} names {Path(path)}, which cannot be read" in told.error["message"]


def test_a_key_on_a_token_is_no_path(sync_worker, monkeypatch):
    url = "postgresql://host.invalid/db?sslkey=pkcs11:worker"
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", url)
    assert sync_worker("status").exit_code == 5


def test_an_encrypted_key_without_its_pass_phrase_is_refused(sync_worker, monkeypatch, folder):
    key = folder / "key.pem"
    key.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    url = f"postgresql://host.invalid/db?sslkey={key}"
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", url)
    told = sync_worker("status", "-o", "json")
    assert told.exit_code == 2
    assert "sslpassword" in told.error["message"]
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", f"{url}&sslpassword=x")
    assert sync_worker("status").exit_code == 5


def test_the_path_of_a_key_is_not_a_secret():
    url = "postgresql://host.invalid/db?sslkey=/etc/worker.key&sslpassword=hemligt1"
    assert list(secrets_in({"SYNC_WORKER_DATABASE_URL": url})) == ["hemligt1"]


@pytest.mark.parametrize("how", ["in the URL", "by the client's variable"])
def test_another_certificate_of_the_database_is_another_login(monkeypatch, folder, how):
    file = folder / "worker.pem"
    file.write_text("old")
    options = f"?sslcert={file}" if how == "in the URL" else ""
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", f"postgresql://host.invalid/db{options}")
    if not options:
        monkeypatch.setenv("PGSSLCERT", str(file))
    before = fingerprint()
    new = folder / "new.pem"
    new.write_text("new")
    new.replace(file)
    assert fingerprint() != before


@pytest.mark.parametrize(
    ("secret", "text", "masked"),
    [
        ("correct horse", "it says: correct horse", f"it says: {MASK}"),
        ("p@ss/w%rd1", "host 'ss/w%rd1' and p%40ss%2Fw%25rd1", f"host '{MASK}' and {MASK}"),
        ('pa"ss\\word', json.dumps('pa"ss\\word'), f'"{MASK}"'),
        ("first@S3cond", "host 'S3cond@db.invalid'", f"host '{MASK}@db.invalid'"),
        ("data", "the database has no data", f"the database has no {MASK}"),
        ("a", "a record, password=a, u:a@host", f"a record, password={MASK}, u:{MASK}@host"),
    ],
)
def test_a_secret_is_masked_however_it_is_quoted(secret, text, masked):
    assert Redaction(lambda: [secret])(text) == masked


def test_a_secret_that_was_replaced_stays_masked():
    secrets = ["the-first-one"]
    redaction = Redaction(lambda: secrets)
    assert redaction("the-first-one the-second-one") == f"{MASK} the-second-one"
    secrets[:] = ["the-second-one"]
    assert redaction("the-first-one the-second-one") == f"{MASK} {MASK}"


def test_every_setting_that_can_hold_a_secret_is_known():
    secret = {name for name, field in Settings.model_fields.items() if "Secret" in str(field)}
    assert secret == set(SECRETS)
    assert {name for name in Settings.model_fields if name.endswith("database_url")} == set(URLS)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        (
            "postgresql://u:p@h1:5432,h2:5433/db?target_session_attrs=read-write",
            "h1,h2",
            "5432,5433",
        ),
        ("postgresql://u:p@h1,h2/db", "h1,h2", None),
        ("postgresql://u@[::1]:5432,[fe80::1%25eth0]/db", "::1,fe80::1%eth0", "5432,"),
        ("postgresql://u@%2Frun%2Fpostgresql/db", "/run/postgresql", None),
        ("postgresql:///db?host=/run/postgresql", "/run/postgresql", None),
        ("postgresql://u@/db", None, None),
    ],
)
def test_several_hosts_sockets_and_addresses_are_read(url, host, port):
    settings = load_settings(named({"DATABASE_URL": url}))
    read = parse_url(settings.database_url)
    assert (read.get("host"), read.get("port")) == (host, port)


@pytest.fixture
def key_pair(folder):
    """A certificate and its key, which a pass phrase opens."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-passout", f"pass:{HEAD}"]
    subject = ["-subj", "/CN=worker", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*make, *subject], check=True, capture_output=True)
    return {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_SSL_CERTFILE": str(certificate),
        "KAFKA_SSL_KEYFILE": str(key),
    }


@pytest.mark.skipif(shutil.which("openssl") is None, reason="wants openssl")
@pytest.mark.parametrize(
    ("phrase", "exit_code", "words"),
    [
        ({}, 2, "which is encrypted, and SYNC_WORKER_KAFKA_SSL_KEY_PASSWORD is not set"),
        (
            {"KAFKA_SSL_KEY_PASSWORD": TAIL},
            2,
            "which SYNC_WORKER_KAFKA_SSL_KEY_PASSWORD does not open",
        ),
        ({"KAFKA_SSL_KEY_PASSWORD": HEAD}, 5, "127.0.0.1:1"),
    ],
)
def test_an_encrypted_key_of_kafka_is_opened_by_its_setting(  # noqa: PLR0917
    database, sync_worker, monkeypatch, key_pair, phrase, exit_code, words
):
    for name, value in named(key_pair | phrase).items():
        monkeypatch.setenv(name, value)
    told = sync_worker("topics", "create", "-o", "json")
    assert told.exit_code == exit_code
    assert words in told.error["message"]
    assert not [part for part in (HEAD, TAIL) if part in told.stderr]


def test_a_file_of_tls_that_holds_no_certificate_is_refused(
    database, sync_worker, monkeypatch, folder
):
    (folder / "ca.pem").write_text("no certificate")
    given = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "KAFKA_SECURITY_PROTOCOL": "SSL"}
    for name, value in named(given | {"KAFKA_SSL_CAFILE": str(folder / "ca.pem")}).items():
        monkeypatch.setenv(name, value)
    told = sync_worker("topics", "create", "-o", "json")
    assert told.exit_code == 2
    assert "SYNC_WORKER_KAFKA_SSL_CAFILE" in told.error["message"]
