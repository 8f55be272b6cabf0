"""Builds the program's parts from the settings; the only place that does.

Each module is imported when it is first used, so that a command that reads the registry does not
wait for Kafka's client to be imported.
"""

import os
import re
import socket
from datetime import UTC, datetime
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

import sync_worker

if TYPE_CHECKING:
    from sync_worker.bootstrap import doctor, operations, page_parts, registry, streams, web, worker
    from sync_worker.config.settings import Settings

PROGRAM = "sync-worker"
"""What commands are called by Kafka, and by PostgreSQL together with their own name."""

__all__ = [
    "PROGRAM",
    "doctor",
    "host",
    "now",
    "operations",
    "page_parts",
    "registry",
    "streams",
    "web",
    "worker",
    "worker_name",
]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(name)
    return import_module(f"{__name__}.{name}")


def worker_name(settings: "Settings") -> str:
    """What the worker of this process is called, everywhere."""
    return settings.worker_name or f"{host()}-{os.getpid()}"


def host() -> str:
    """The name of this machine, without characters that others would not take."""
    return re.sub("[^A-Za-z0-9._-]", "-", socket.gethostname())


def identity(name: str) -> dict[str, str]:
    """Who a line of the log is from."""
    return {"worker": name, "version": sync_worker.__version__}


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)
