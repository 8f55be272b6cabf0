"""`sync-worker web` in a process of its own, as a supervisor runs it."""

import json
import signal
import subprocess
from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from tests.harness.command import DEADLINE_SECONDS, INSTALLED, Installed
from tests.services.processes import free_port
from tests.services.waiting import until

FROM_HERE = {"Sec-Fetch-Site": "same-origin"}


class Answer(NamedTuple):
    """What a request was answered with."""

    status: int
    headers: dict[str, str]
    text: str


class PageProcess:
    """A process that serves the page of a registry, its log in a file."""

    def __init__(
        self,
        installed: Installed,
        host: str = "127.0.0.1",
        command: Sequence[str | Path] = (INSTALLED,),
        **settings: str,
    ) -> None:
        self.host, self.port = host, free_port()
        shown = f"[{host}]" if ":" in host else host
        self.environment = installed.environment | {
            "SYNC_WORKER_WEB_HOST": host,
            "SYNC_WORKER_WEB_PORT": str(self.port),
            "SYNC_WORKER_WEB_BASE_URL": f"http://{shown}:{self.port}",
            **settings,
        }
        self._log = Path(installed.folder, f"page-{self.port}.log")
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "web"],
                cwd=installed.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait(self) -> "PageProcess":
        """Wait until it can be asked."""
        until(self._listens, "the page to listen")
        return self

    def _listens(self) -> bool:
        assert self.process.poll() is None, self.output
        return any(event["event"] == "started" for event in self.events)

    def refuses(self) -> bool:
        """Whether nobody listens there any more."""
        with closing(self.connection()) as connection:
            try:
                connection.connect()
            except ConnectionRefusedError:
                return True
        return False

    def connection(self) -> HTTPConnection:
        return HTTPConnection(self.host, self.port, timeout=DEADLINE_SECONDS)

    def get(self, path: str, **headers: str) -> Answer:
        connection = self.connection()
        connection.request("GET", path, headers=headers)
        return answer(connection)

    def post(self, path: str, *, cookie: str = "", **fields: str) -> Answer:
        """Send a form, as a browser does; of a redirect its answer alone."""
        connection = self.connection()
        form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        connection.request("POST", path, urlencode(named), form | FROM_HERE)
        return answer(connection)

    def upload(self, path: str, content: bytes, *, cookie: str, **fields: str) -> Answer:
        """Send a form with a file, as a browser does."""
        parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                 for name, value in fields.items()]  # fmt: skip
        head = '--x\r\nContent-Disposition: form-data; name="fil"; filename="a.txt"\r\n\r\n'
        body = "".join([*parts, head]).encode() + content + b"\r\n--x--\r\n"
        form = {"Content-Type": "multipart/form-data; boundary=x", "Cookie": cookie}
        connection = self.connection()
        connection.request("POST", path, body, form | FROM_HERE)
        return answer(connection)

    def sign_in(self, person: str) -> str:
        """The cookie of a new session."""
        given = self.post("/logga-in/klar", person=person, next="/")
        assert given.status == 303, given.text
        return given.headers["set-cookie"].partition(";")[0]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and wait; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_SECONDS)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(DEADLINE_SECONDS)

    @property
    def output(self) -> str:
        return self._log.read_text()

    @property
    def events(self) -> list[dict[str, object]]:
        """The lines of the log that are whole."""
        return [json.loads(line) for line in self.output.splitlines(keepends=True) if "\n" in line]


def answer(connection: HTTPConnection) -> Answer:
    """What a request that was sent is answered with."""
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    found = Answer(response.status, headers, response.read().decode())
    connection.close()
    return found
