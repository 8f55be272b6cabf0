"""The validator of HTML and CSS that validator.w3.org runs, served on this machine."""

import json
import re
import signal
import urllib.request
from pathlib import Path

from tests.services import processes
from tests.services.waiting import until

_TABLE_ROLES = re.compile(' role="(?:table|rowgroup|row|cell|columnheader|rowheader)"')
"""It would have them left out, and they are for Safari: see `tables.html`."""
_START_SECONDS = 120


class Validator:
    """Answers from when it is made until it is stopped."""

    def __init__(self, java: str, jar: Path, folder: Path) -> None:
        port = processes.free_port()
        self._address = f"http://127.0.0.1:{port}/?out=json"
        here = "-Dnu.validator.servlet.bind-address=127.0.0.1"
        command = [java, here, "-cp", str(jar), "nu.validator.servlet.Main", str(port)]
        self._process = processes.start(command, folder / "validator.log")
        until(self._answers, "the validator to answer", _START_SECONDS)

    def findings(self, text: str, media_type: str = "text/html") -> list[tuple[str, str]]:
        """What is wrong with a page or a style sheet: a message, and where it is."""
        content_type = {"Content-Type": f"{media_type}; charset=utf-8"}
        body = _TABLE_ROLES.sub("", text).encode()
        request = urllib.request.Request(self._address, body, content_type)
        with urllib.request.urlopen(request, timeout=60) as answer:
            messages = json.load(answer)["messages"]
        return [(each["message"], each.get("extract", "")) for each in messages]

    def stop(self) -> None:
        processes.end(self._process, signal.SIGTERM)

    def _answers(self) -> bool:
        try:
            return not self.findings(":root { color: black }", "text/css")
        except OSError:
            return False
