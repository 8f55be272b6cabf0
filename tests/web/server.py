"""`sync-worker web` in a process of its own, and people who are signed in there."""

import signal
import subprocess
import urllib.error
import urllib.request
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests.harness.command import INSTALLED, Installed
from tests.services import processes
from tests.services.waiting import until


class Server:
    """The installed command, serving the page on a port of its own."""

    def __init__(self, command: Installed, **settings: str) -> None:
        port = processes.free_port()
        self.address = f"http://127.0.0.1:{port}"
        self.database = command.database
        given = {"WEB_PORT": str(port), "WEB_BASE_URL": self.address, **settings}
        command.environment |= {f"SYNC_WORKER_{name}": value for name, value in given.items()}
        self._log = command.folder / "web.log"
        with self._log.open("wb") as log:
            # Not a pipe: nobody reads it, and once it is full the process waits for ever.
            self._process = subprocess.Popen(
                [INSTALLED, "web"],
                cwd=command.folder,
                env=command.environment,
                stdout=log,
                stderr=log,
            )
        self._sessions: dict[str, str] = {}
        until(self._answers, "the page to be served", 60)

    def session(self, person: str) -> str:
        """The cookie of somebody who is signed in; the same at every call."""
        if person not in self._sessions:
            self._sessions[person] = self.new_session(person)
        return self._sessions[person]

    def new_session(self, person: str) -> str:
        """The cookie of somebody who signs in now."""
        cookies = self._posted("/logga-in/klar", person=person, next="/utloggad")
        return SimpleCookie(cookies)["__Host-session"].value

    def stop(self) -> None:
        """End it."""
        processes.end(self._process, signal.SIGTERM)
        self._process.wait()

    def _posted(self, path: str, **fields: str) -> str:
        request = urllib.request.Request(
            self.address + path,
            data=urlencode(fields).encode(),
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        try:
            with _OPENER.open(request, timeout=10) as answer:
                status, headers = answer.status, answer.headers
        except urllib.error.HTTPError as error:
            status, headers = error.code, error.headers
            error.close()
        assert status == 303, status
        return str(headers["Set-Cookie"])

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the page's process ended:\n{self._log.read_text()}")
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=2):
                return True
        except OSError:
            return False


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stays)
