"""A certified OpenID Connect provider on Node, which tests stop, freeze and start again."""

import json
import shutil
import signal
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tests.services import npm, processes
from tests.services.npm import NoPackage
from tests.services.waiting import until

if TYPE_CHECKING:
    from subprocess import Popen

CLIENT_ID, CLIENT_SECRET = "page", "hemlig-nog-for-ett-test"
_FILES = Path(__file__).with_name("oidc_provider")
_OLDEST_NODE = 20


class OpenIdProvider:
    """oidc-provider on a port of its own; it has new keys, and knows nobody, at each start."""

    def __init__(self, folder: Path, people: Mapping[str, Mapping[str, object]]) -> None:
        """`people`: the claims of each, by what they type as login.

        Raises:
            NoPackage: Node is missing or too old, or the package cannot be had.
        """
        self._node = _node()
        self._library = npm.installed(_FILES) / "oidc-provider" / "lib" / "index.js"
        self._people = people
        self._log = folder / "identity-provider.log"
        self._process: Popen[bytes] | None = None
        self._port = processes.free_port()

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self._port}"

    def start(self, page: str, *, clock_seconds: int = 0) -> None:
        """Have people sign in to the page at an address; its clock may differ from ours."""
        settings = {
            "issuer": self.issuer,
            "page": page,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "people": self._people,
            "clock_seconds": clock_seconds,
        }
        server = _FILES / "server.mjs"
        command = [self._node, str(server), str(self._library), json.dumps(settings)]
        self._process = processes.start(command, self._log)
        until(self._answers, "the identity provider to answer")

    def stop(self) -> None:
        """End it; its port refuses connections from now on."""
        if self._process is not None:
            processes.end(self._process, signal.SIGKILL)
            self._process = None

    def freeze(self) -> None:
        """Have it take connections, and answer nobody."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()
        try:
            with urllib.request.urlopen(f"{self.issuer}/jwks", timeout=2):
                return True
        except OSError:
            return False


def _node() -> str:
    found = shutil.which("node")
    if found is None:
        raise NoPackage("node is not installed (https://nodejs.org)")
    version = processes.run([found, "--version"]).strip()
    if int(version.removeprefix("v").partition(".")[0]) < _OLDEST_NODE:
        raise NoPackage(f"node {version} is too old: {_OLDEST_NODE} is needed")
    return found
