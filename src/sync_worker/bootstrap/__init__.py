"""Builds the program's parts from the settings; the only place that does.

Each module is imported when it is first used, so that a command that reads the registry does not
wait for Kafka's client to be imported.
"""

from datetime import UTC, datetime
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync_worker.bootstrap import doctor, operations, registry, streams, worker

__all__ = ["doctor", "now", "operations", "registry", "streams", "worker"]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(name)
    return import_module(f"{__name__}.{name}")


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)
