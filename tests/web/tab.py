"""A tab of the browser: opens pages, fills in forms, and is given sizes and languages."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.services.waiting import until

WIDE, NARROW, ZOOMED = (1280, 900, 1), (320, 256, 1), (640, 450, 2)
"""Sizes in CSS pixels with the device's factor; WCAG 1.4.10 has 320 × 256, and 1.4.4 200 %."""


class Tab:
    """The browser's only tab, on one site after another."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        self.address = ""

    def begin(self, address: str, session: str | None = None, language: str = "sv") -> None:
        """Be on a site as somebody, or as nobody, with no trace of what was there before.

        Pages run no scripts: all that tests see and do goes without.
        """
        self.address = address
        self._network()
        self.cdp("Network.clearBrowserCookies")
        self.cdp("Emulation.setScriptExecutionDisabled", value=True)
        self.set_cookie("lang", language)
        if session is not None:
            self.set_cookie("__Host-session", session, httpOnly=True)
        self.size(WIDE)

    def set_cookie(self, name: str, value: str, **more: object) -> None:
        self.cdp("Network.setCookie", name=name, value=value, url=self.address, secure=True, **more)

    @property
    def cookies(self) -> dict[str, str]:
        """All that the browser has."""
        found = self.cdp("Network.getAllCookies")["cookies"]
        return {cookie["name"]: cookie["value"] for cookie in found}

    def open(self, path: str, **query: str) -> None:
        """Open a page; names of the query have `-` where Python has `_`."""
        named = {name.replace("_", "-"): value for name, value in query.items()}
        self.driver.get(self.address + path + (f"?{urlencode(named)}" if named else ""))

    def fill(self, **fields: str) -> None:
        """Put text into fields, by their ids."""
        for name, value in fields.items():
            self.run(
                "document.getElementById(arguments[0]).value = arguments[1]",
                name.replace("_", "-"),
                value,
            )

    def press(self, selector: str) -> None:
        """Press what a selector finds, once, and be on the page that follows."""
        with self.leaving(selector):
            self.one(selector).click()

    @contextmanager
    def leaving(self, what: str) -> Iterator[None]:
        """Do what opens another page, and be on it at the end."""
        self.run("window.isBefore = true")
        yield
        until(
            lambda: self.run("return !window.isBefore && document.readyState === 'complete'"),
            f"the page that follows {what}",
        )

    @contextmanager
    def running_scripts(self) -> Iterator[None]:
        """Let the page run scripts, such as one that a test puts into it."""
        self.cdp("Emulation.setScriptExecutionDisabled", value=False)
        yield
        self.cdp("Emulation.setScriptExecutionDisabled", value=True)

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def size(self, size: tuple[int, int, int]) -> None:
        """Lay the page out in so many CSS pixels."""
        width, height, factor = size
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=factor,
            mobile=False,
        )

    def run(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def cdp(self, command: str, **parameters: object) -> Any:
        """Ask the browser itself, by its developer tools' protocol."""
        return self.driver.execute_cdp_cmd(command, parameters)

    def picture(self, part: dict[str, float] | None = None) -> bytes:
        """The whole page as a PNG, also what is below the window; or a part of it."""
        width, height = self.run("return [innerWidth, document.documentElement.scrollHeight]")
        whole = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        return self._data("Page.captureScreenshot", captureBeyondViewport=True, clip=part or whole)

    def printed(self) -> bytes:
        """The page on A4, as a PDF."""
        return self._data("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)

    def _data(self, command: str, **parameters: object) -> bytes:
        return base64.b64decode(self.cdp(command, **parameters)["data"])

    @property
    def heading(self) -> str:
        return self.one("h1").text

    @property
    def status(self) -> int:
        """The HTTP status of the page."""
        entry = "performance.getEntriesByType('navigation')[0]"
        return int(self.run(f"return {entry}.responseStatus"))

    def complaints(self) -> list[str]:
        """What the browser had to say since it was last asked, such as what a policy kept out."""
        entries = self.driver.get_log("browser")
        return [entry["message"] for entry in entries if entry["level"] in {"WARNING", "SEVERE"}]

    @property
    def source(self) -> str:
        """The page as the server sent it; to be asked for once, before another is opened."""
        events = [json.loads(entry["message"])["message"] for entry in self._network()]
        [*_, request_id] = [
            event["params"]["requestId"]
            for event in events
            if event["method"] == "Network.responseReceived"
            and event["params"]["type"] == "Document"
        ]
        return str(self.cdp("Network.getResponseBody", requestId=request_id)["body"])

    def _network(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.driver.get_log("performance")
        return found
