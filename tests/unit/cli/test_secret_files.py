"""Files of secrets that are no files: a pipe gives nothing, and a device never ends."""

import os

import pytest

from sync_worker.config.sources import SECRETS_DIR, current

PASSWORD = "sync_worker_kafka_sasl_password"


def pipe(path):
    os.mkfifo(path)


def endless(path):
    path.symlink_to("/dev/zero")


def large(path):
    path.write_bytes(b"x" * (2**20 + 1))


def folder_of(path):
    path.mkdir()


@pytest.fixture
def secret(database, folder, monkeypatch):
    """Where the password stands in a folder of secrets."""
    secrets = folder / "secrets"
    secrets.mkdir()
    monkeypatch.setenv("SYNC_WORKER_SECRETS_DIR", str(secrets))
    return secrets / PASSWORD


@pytest.fixture
def ssl(database, monkeypatch):
    monkeypatch.setenv("SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("SYNC_WORKER_KAFKA_SECURITY_PROTOCOL", "SSL")


@pytest.mark.parametrize("command", ["regions list", "status", "config show", "run --until-idle 0"])
@pytest.mark.parametrize(
    ("made", "why"),
    [
        (pipe, "it is not a regular file"),
        (endless, "it is not a regular file"),
        (large, "it is larger than 1 MiB"),
        (folder_of, "Is a directory"),
    ],
)
def test_a_secret_that_is_not_a_small_file_is_refused(secret, sync_worker, made, why, command):
    made(secret)
    told = sync_worker(*command.split())
    assert told.exit_code == 2
    assert f"{PASSWORD} cannot be read: {why}." in told.stderr


def test_a_secret_behind_links_is_read_as_kubernetes_has_it(secret, sync_worker):
    data = secret.parent / "..2026_11_29"
    data.mkdir()
    (data / "sync_worker_http_port").write_text("1234\n")
    (secret.parent / "..data").symlink_to(data.name)
    (secret.parent / "sync_worker_http_port").symlink_to("..data/sync_worker_http_port")
    told = sync_worker("config", "show", "-o", "json")
    assert told.exit_code == 0
    assert "1234" in told.stdout


@pytest.mark.parametrize("name", ["CAFILE", "CERTFILE"])
@pytest.mark.parametrize("made", [pipe, endless])
def test_a_certificate_that_is_not_a_file_is_refused(
    ssl, sync_worker, folder, made, name, monkeypatch
):
    made(folder / "tls.pem")
    monkeypatch.setenv(f"SYNC_WORKER_KAFKA_SSL_{name}", str(folder / "tls.pem"))
    told = sync_worker("run", "--until-idle", "0")
    assert told.exit_code == 2
    assert "tls.pem, which cannot be read: it is not a regular file" in told.stderr


@pytest.mark.parametrize("made", [pipe, endless])
def test_the_doctor_sees_a_certificate_that_is_not_a_file(
    ssl, sync_worker, folder, made, monkeypatch
):
    made(folder / "tls.pem")
    monkeypatch.setenv("SYNC_WORKER_KAFKA_SSL_CAFILE", str(folder / "tls.pem"))
    (check,) = [c for c in sync_worker("doctor", "-o", "json").items if c["id"] == "certificates"]
    assert check["status"] == "fail"
    assert "it is not a regular file" in check["detail"]


@pytest.mark.parametrize("made", [pipe, endless])
def test_a_token_that_is_not_a_file_hangs_no_command(
    database, sync_worker, folder, made, monkeypatch
):
    """Errors are redacted, and the token is one of the secrets that are looked for."""
    made(folder / "token")
    for name, value in {
        "BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "SECURITY_PROTOCOL": "SASL_SSL",
        "SASL_MECHANISM": "OAUTHBEARER",
        "SASL_OAUTH_TOKEN_FILE": str(folder / "token"),
    }.items():
        monkeypatch.setenv(f"SYNC_WORKER_KAFKA_{name}", value)
    told = sync_worker("regions", "show", "97")
    assert told.exit_code == 6


@pytest.mark.parametrize("made", [pipe, endless])
def test_a_certificate_authority_that_is_not_a_file_is_refused(
    sync_worker, folder, made, monkeypatch
):
    made(folder / "root.crt")
    url = f"postgresql://127.0.0.1:1/x?sslmode=verify-full&sslrootcert={folder}/root.crt"
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", url)
    told = sync_worker("regions", "list")
    assert told.exit_code == 2
    assert "it is not a regular file" in told.stderr


def test_an_editors_mark_is_left_out_of_a_secret(folder):
    (folder / PASSWORD).write_text("h3mligt-ord\r\n", encoding="utf-8-sig")
    name = PASSWORD.upper()
    assert current({SECRETS_DIR: str(folder)}, [name]) == {name: "h3mligt-ord"}
