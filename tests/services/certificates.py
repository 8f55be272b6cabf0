"""Certificates for tests: authorities, and what they vouch for, right and wrong."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)
_HERE = (x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost"))


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, in a file each, and both in one."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """Vouches for servers and for clients; its own certificate is in a file."""

    def __init__(self, folder: Path, name: str, above: "Authority | None" = None) -> None:
        """It vouches for itself, or the one `above` vouches for it."""
        self._folder = folder / name
        self._folder.mkdir()
        self._name = _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        by = above or self
        made = _begun(self._name, by._name, self._key.public_key(), _DAY)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.file = self._folder / "authority.pem"
        self.file.write_bytes(_pem(made.sign(by._key, hashes.SHA256())))
        self._certificate = x509.load_pem_x509_certificate(self.file.read_bytes())

    def below(self, name: str) -> "Authority":
        """One that it vouches for."""
        return Authority(self._folder, name, self)

    def server(
        self,
        label: str,
        host: str | None = None,
        *,
        starts: timedelta = -_DAY,
        days: int = 2,
        purpose: x509.ObjectIdentifier | None = None,
    ) -> Pair:
        """A server's; of this machine, unless it is of another host. It `starts` from now on."""
        names = x509.SubjectAlternativeName(_HERE if host is None else (x509.DNSName(host),))
        further = [names, *([x509.ExtendedKeyUsage([purpose])] if purpose else [])]
        return self._pair(label, _named(label), further, starts, starts + days * _DAY)

    def client(
        self,
        name: str,
        *,
        label: str = "",
        starts: timedelta = -_DAY,
        days: int = 2,
        pass_phrase: str = "",
    ) -> Pair:
        """A client's, whose common name is `name`; the key may want a pass phrase."""
        ends = starts + days * _DAY
        return self._pair(label or name, _named(name), [], starts, ends, pass_phrase)

    def revoking(self, *pairs: Pair) -> Path:
        """The file of a list of certificates that it no longer vouches for."""
        now = datetime.now(UTC)
        made = x509.CertificateRevocationListBuilder().issuer_name(self._name)
        made = made.last_update(now - _DAY).next_update(now + _DAY)
        for pair in pairs:
            number = x509.load_pem_x509_certificate(pair.certificate.read_bytes()).serial_number
            revoked = x509.RevokedCertificateBuilder().serial_number(number)
            made = made.add_revoked_certificate(revoked.revocation_date(now - _DAY).build())
        file = self._folder / "revoked.pem"
        signed = made.sign(self._key, hashes.SHA256())
        file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return file

    def _pair(
        self,
        label: str,
        subject: x509.Name,
        further: Sequence[x509.ExtensionType],
        starts: timedelta,
        ends: timedelta,
        pass_phrase: str = "",
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        made = _begun(subject, self._name, key.public_key(), ends, starts)
        for extension in further:
            made = made.add_extension(extension, critical=False)
        pair = Pair(*(self._folder / f"{label}-{part}.pem" for part in ("cert", "key", "both")))
        pair.certificate.write_bytes(_pem(made.sign(self._key, hashes.SHA256())))
        word = pass_phrase.encode()
        locked = serialization.BestAvailableEncryption(word) if word else None
        pair.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                locked or serialization.NoEncryption(),
            )
        )
        pair.key.chmod(0o600)
        # What Kafka takes for a keystore is the key with the whole chain.
        parts = (pair.key, pair.certificate, self.file)
        pair.both.write_bytes(b"".join(part.read_bytes() for part in parts))
        pair.both.chmod(0o600)
        return pair


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    ends: timedelta,
    starts: timedelta = -_DAY,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    made = made.serial_number(x509.random_serial_number())
    return made.not_valid_before(now + starts).not_valid_after(now + ends)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
