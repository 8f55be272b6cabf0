"""A PostgreSQL server that offers TLS, which the package's does not: Debian's."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tests.services.certificates import Authority, Pair
from tests.services.postgres import NativePostgres, NoServer
from tests.services.waiting import until

_INSTALLED = Path("/usr/lib/postgresql")


class TlsPostgres(NativePostgres):
    """It trusts its owner; others come as the lines of `rules` say (pg_hba.conf)."""

    def __init__(self, authority: Authority, shown: Pair, rules: Iterable[str]) -> None:
        """It shows the pair, and looks at clients' certificates with the authority.

        Raises:
            NoServer: this machine has none that offers TLS.
        """
        super().__init__(programs=_debian_programs())
        rules = ("host all postgres 127.0.0.1/32 trust", *rules)
        (self._data / "pg_hba.conf").write_text("".join(f"{rule}\n" for rule in rules))
        files = {"ssl_ca_file": self._given("authority.pem", authority.file)}
        self._settle({"ssl": "on", **files, **self._shown(shown)})

    @contextmanager
    def showing(self, pair: Pair) -> Iterator[None]:
        """It shows another certificate for a while."""
        with self._otherwise(self._shown(pair)):
            yield

    @contextmanager
    def without_tls(self) -> Iterator[None]:
        """It offers none for a while."""
        with self._otherwise({"ssl": "off"}):
            yield

    @contextmanager
    def revoking(self, revoked: Path) -> Iterator[None]:
        """It refuses those on a list of certificates for a while."""
        with self._otherwise({"ssl_crl_file": self._given(revoked.name, revoked)}):
            yield

    @contextmanager
    def _otherwise(self, settings: Mapping[str, str]) -> Iterator[None]:
        before = {name: self._setting(name) for name in settings}
        self._settle(settings)
        try:
            yield
        finally:
            self._settle(before)

    def _shown(self, pair: Pair) -> dict[str, str]:
        return {
            "ssl_cert_file": self._given(pair.certificate.name, pair.certificate),
            "ssl_key_file": self._given(pair.key.name, pair.key),
        }

    def _given(self, name: str, file: Path) -> str:
        """A copy that the server's user may read, and nobody else."""
        copy = self._folder / name
        shutil.copyfile(file, copy)
        copy.chmod(0o600)
        if self._owner is not None:
            shutil.chown(copy, self._owner.uid, self._owner.gid)
        return str(copy)

    def _settle(self, settings: Mapping[str, str]) -> None:
        """Set them, and wait until sessions that begin now have them."""
        with psycopg.connect(self.url, autocommit=True) as server:
            for name, value in settings.items():
                server.execute(
                    sql.SQL("ALTER SYSTEM SET {} = {}").format(
                        sql.Identifier(name), sql.Literal(value)
                    )
                )
            server.execute("SELECT pg_reload_conf()")
        until(lambda: all(self._setting(n) == v for n, v in settings.items()), "new settings")

    def _setting(self, name: str) -> str:
        with psycopg.connect(self.url) as server:
            row = server.execute("SELECT current_setting(%s)", (name,)).fetchone()
        assert row is not None
        return str(row[0])


def _debian_programs() -> Path:
    """The newest version that is installed."""
    found = sorted(_INSTALLED.glob("*/bin"), key=lambda folder: int(folder.parent.name))
    programs = [folder for folder in found if os.access(folder / "initdb", os.X_OK)]
    if not programs:
        raise NoServer("no PostgreSQL with TLS is installed (Debian: apt-get install postgresql)")
    return programs[-1]
