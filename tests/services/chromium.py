"""A Chromium without a window, driven by chromedriver; both are the system's."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

_FLAGS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage")


class NoBrowser(Exception):
    """This machine has no browser to drive; the message says what is missing."""


def start() -> Chrome:
    """A browser; NoBrowser where it or its driver is not installed."""
    from selenium.webdriver import Chrome, ChromeOptions  # noqa: PLC0415 - heavy
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415 - heavy

    options = ChromeOptions()
    options.binary_location = program("chromium", "chromium")
    for flag in _FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return Chrome(options=options, service=Service(program("chromedriver", "chromium-driver")))


def program(name: str, package: str) -> str:
    """Where one of the system's programs is; NoBrowser where it is not installed."""
    found = shutil.which(name)
    if found is None:
        raise NoBrowser(f"{name} is not installed (Debian: apt-get install {package})")
    return found
