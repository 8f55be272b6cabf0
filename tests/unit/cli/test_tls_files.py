"""Files of TLS that are there and cannot be used: refused by the setting that names them."""

from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import load_pem_x509_certificate
from tests.services.certificates import Authority


@pytest.fixture
def authority(folder):
    return Authority(folder, "ours")


@pytest.fixture
def ours(authority):
    return authority.client("worker")


@pytest.fixture
def spoilt(folder, authority, ours):
    """Files that have no certificate, by what is wrong with them."""
    certificate = authority.file.read_bytes()
    der = load_pem_x509_certificate(certificate).public_bytes(serialization.Encoding.DER)
    contents = {
        "empty": b"",
        "key": ours.key.read_bytes(),
        "DER": der,
        "truncated": certificate[:200],
        "damaged at its end": certificate + certificate[:200],
        "UTF-16": certificate.decode().encode("utf-16"),
    }
    files = {name: folder / f"{name}.pem" for name in contents}
    for name, file in files.items():
        file.write_bytes(contents[name])
    return files


@pytest.fixture
def kafka(database, sync_worker, monkeypatch):
    """Calls a command with these files of TLS."""

    def call(**files):
        monkeypatch.setenv("SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
        monkeypatch.setenv("SYNC_WORKER_KAFKA_SECURITY_PROTOCOL", "SSL")
        for name, file in files.items():
            monkeypatch.setenv(f"SYNC_WORKER_KAFKA_SSL_{name}", str(file))
        return sync_worker("topics", "create", "-o", "json")

    return call


def check_refused(done, words):
    assert (done.exit_code, done.error["code"]) == (2, "configuration")
    assert f"{words}, which cannot be used: " in done.error["message"]


SPOILT = ["empty", "key", "DER", "truncated", "damaged at its end", "UTF-16"]


@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("name", ["CAFILE", "CERTFILE"])
def test_the_setting_of_kafka_that_names_it_is_told(kafka, spoilt, ours, name, how):
    own = {"CERTFILE": ours.certificate, "KEYFILE": ours.key}
    done = kafka(**own | {name: spoilt[how]})
    check_refused(done, f"SYNC_WORKER_KAFKA_SSL_{name} names {spoilt[how]}")


@pytest.mark.parametrize("how", ["empty", "another certificate's"])
def test_a_key_that_does_not_fit_is_told(kafka, authority, spoilt, ours, how):
    key = authority.client("other").key if how == "another certificate's" else spoilt[how]
    done = kafka(CERTFILE=ours.certificate, KEYFILE=key)
    check_refused(done, f"SYNC_WORKER_KAFKA_SSL_KEYFILE names {key}")


def test_a_certificate_without_a_key_asks_for_its_file(kafka, ours):
    done = kafka(CERTFILE=ours.certificate)
    check_refused(done, f"SYNC_WORKER_KAFKA_SSL_CERTFILE names {ours.certificate}")
    assert "SYNC_WORKER_KAFKA_SSL_KEYFILE names one" in done.error["message"]


def test_bytes_around_a_certificate_do_not_matter(kafka, authority):
    text = authority.file.read_text().replace("\n", "\r\n")
    authority.file.write_text("# ours\r\n" + text, encoding="utf-8-sig", newline="")
    assert kafka(CAFILE=authority.file).exit_code == 5, "nothing listens there"


@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("option", ["sslrootcert", "sslcert"])
def test_the_option_of_the_database_that_names_it_is_told(
    sync_worker, monkeypatch, spoilt, ours, option, how
):
    file = spoilt[how].rename(spoilt[how].with_name("spoilt.pem"))
    url = f"postgresql://127.0.0.1:1/x?sslmode=verify-full&sslkey={ours.key}&{option}={file}"
    both = {"sslrootcert": ours.certificate, "sslcert": ours.certificate}
    rest = "".join(f"&{name}={path}" for name, path in both.items() if name != option)
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", url + rest)
    check_refused(sync_worker("status", "-o", "json"), f"{option} names {file}")


@pytest.mark.parametrize("how", [*SPOILT, "a certificate"])
def test_a_list_of_the_revoked_that_is_none_is_told(sync_worker, monkeypatch, spoilt, ours, how):
    file = ours.certificate if how == "a certificate" else spoilt[how]
    url = f"postgresql://127.0.0.1:1/x?sslcrl={quote(str(file))}"
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", url)
    check_refused(sync_worker("status", "-o", "json"), f"sslcrl names {file}")


def test_a_list_of_the_revoked_is_taken_as_it_is(sync_worker, monkeypatch, authority, ours):
    url = f"postgresql://127.0.0.1:1/x?sslcrl={authority.revoking(ours)}"
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", url)
    assert sync_worker("status").exit_code == 5, "nothing listens there"
