"""nginx with the configuration that the project has for it, in front of the page."""

import os
import shutil
import signal
import ssl
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPSConnection
from pathlib import Path

from tests.services import processes
from tests.services.waiting import until

_CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx"
_MAIN = """\
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/sync-worker.conf;
}}
"""


class NoNginx(Exception):
    """This machine cannot run nginx; the message says what is missing."""


def _program() -> str:
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        raise NoNginx("nginx is not installed (Debian: apt-get install nginx-light)")
    return found


class Nginx:
    """A proxy as a child process of the test run, with a certificate of its own."""

    def __init__(self, port: int, host: str, replaced: Mapping[str, str]) -> None:
        """Listen on a port as a host; `replaced` is what else is other than in the files."""
        program = _program()
        self._folder = Path(tempfile.mkdtemp(prefix="sync-worker-nginx-"))
        self.port, self.host = port, host
        self.certificate = self._folder / "certificate.pem"
        self._make_certificate()
        named = {
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "/etc/ssl/certs/synpunkter.exempel.invalid.pem": str(self.certificate),
            "/etc/ssl/private/synpunkter.exempel.invalid.key": f"{self._folder}/key.pem",
            "synpunkter.exempel.invalid": host,
            "/var/log/nginx/": f"{self._folder}/",
            "/etc/nginx/": f"{self._folder}/",
            **replaced,
        }
        for file in _CONFIGURATION.glob("*.conf"):
            text = file.read_text()
            for old, new in named.items():
                text = text.replace(old, new)
            (self._folder / file.name).write_text(text)
        user = "user root;" if os.geteuid() == 0 else ""
        main = self._folder / "nginx.conf"
        main.write_text(_MAIN.format(folder=self._folder, user=user))
        command: list[str | Path] = [
            program,
            "-p",
            self._folder,
            "-e",
            self._folder / "error.log",
            "-c",
            main,
        ]
        self._process = processes.start(command, self._folder / "nginx.log")
        until(self._answers, f"nginx to answer, see {self._folder}", 30)

    def connection(self) -> HTTPSConnection:
        """A connection that trusts its certificate alone."""
        trust = ssl.create_default_context(cafile=str(self.certificate))
        return HTTPSConnection(self.host, self.port, timeout=30, context=trust)

    @property
    def access_log(self) -> str:
        return (self._folder / "sync-worker-page.log").read_text()

    def remove(self) -> None:
        """End it."""
        processes.end(self._process, signal.SIGTERM)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self._folder / "nginx.log").read_text()
        with closing(self.connection()) as connection:
            try:
                connection.connect()
            except ConnectionRefusedError:
                return False
        return True

    def _make_certificate(self) -> None:
        files = ["-keyout", str(self._folder / "key.pem"), "-out", str(self.certificate)]
        subject = ["-subj", f"/CN={self.host}", "-addext", f"subjectAltName=DNS:{self.host}"]
        kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        command = ["openssl", "req", *kind, "-days", "1", *subject, *files]
        subprocess.run(command, check=True, capture_output=True)
