"""Tells systemd how the worker is, in the datagrams of sd_notify(3); says nothing elsewhere."""

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from sync_worker.telemetry.health import Health, NotReady

_FEED_INTERVAL_SECONDS = 1.0
"""The loop can make progress thousands of times a second."""
_WATCHDOG_MARGIN_SECONDS = 30.0
"""By how much systemd waits longer than our own watchdog, which says why it ends the process."""


class ServiceManager:
    """The socket that the unit's `NotifyAccess` opens; any thread may use it, and none waits."""

    def __init__(
        self, environ: Mapping[str, str] = os.environ, clock: Callable[[], float] = time.monotonic
    ) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        # By the protocol, @ is the zero byte with which Linux' abstract addresses begin.
        self._address = f"\0{name[1:]}" if name.startswith("@") else name
        self._environ = environ
        self._clock = clock
        self._fed_at = -_FEED_INTERVAL_SECONDS

    def tell(self, **fields: object) -> None:
        """Send one message; nothing fails and nothing waits where it cannot be delivered."""
        if not self._address.startswith(("/", "\0")):
            return
        text = "\n".join(f"{name}={' '.join(str(value).split())}" for name, value in fields.items())
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as messages:
            messages.setblocking(False)
            messages.sendto(text.encode(errors="replace"), self._address)

    def feed_watchdog(self) -> None:
        """The loop is making progress; told once a second at the most."""
        now = self._clock()
        if now - self._fed_at >= _FEED_INTERVAL_SECONDS:
            self._fed_at = now
            self.tell(WATCHDOG=1)

    def watchdog_seconds(self) -> float | None:
        """How long the unit lets pass without being fed; None where it has no watchdog for us."""
        microseconds = self._environ.get("WATCHDOG_USEC", "")
        is_ours = self._environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        return int(microseconds) / 1e6 if is_ours and microseconds.isdecimal() else None


class ServiceReport:
    """Says that the start is over, and whether the worker is ready, whenever that changes.

    The start is over once the worker is ready or knows what it waits for: an unavailable Kafka or
    database must not fail the start of the unit, while a refusal to run does.
    """

    def __init__(self, manager: ServiceManager, health: Health) -> None:
        self._manager = manager
        self._health = health
        self._is_started = False
        self._status = ""

    def update(self) -> None:
        """Look at the worker; for one thread, about once a second."""
        reasons = self._health.ready()
        sentences = "; ".join(reason.sentence for reason in reasons)
        status = f"not ready: {sentences}" if reasons else "ready"
        if status != self._status:
            self._status = status
            self._manager.tell(STATUS=status)
        if not self._is_started and NotReady.STARTING not in {reason.code for reason in reasons}:
            self._is_started = True
            self._manager.tell(READY=1, **self._longer_watchdog())

    def _longer_watchdog(self) -> dict[str, int]:
        """One that gives the loop the time of the settings, where the unit's is shorter."""
        given = self._manager.watchdog_seconds()
        needed = self._health.stuck_after_seconds + _WATCHDOG_MARGIN_SECONDS
        return {} if given is None or given >= needed else {"WATCHDOG_USEC": round(needed * 1e6)}
