"""What the services beside a bench take of the processors, where it started them itself.

A native Kafka or PostgreSQL is a child of the bench. A session of PostgreSQL that has ended counts
in its parent, which waited for it.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

_PROC = Path("/proc")


def of_services() -> dict[str, float]:
    """CPU seconds until now of each child that runs, its own children included, by program."""
    seconds: dict[str, float] = {}
    for child in _children(os.getpid()):
        name = _name(child)
        seconds[name] = seconds.get(name, 0.0) + sum(map(_cpu_seconds, _tree(child)))
    return seconds


def difference(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What each program that ran all the time has taken in between."""
    return {name: after[name] - seconds for name, seconds in before.items() if name in after}


def seconds_of(stat: str) -> float:
    """CPU seconds in the text of /proc/…/stat: its own, and its children's that have ended."""
    fields = stat.rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _tree(process_id: int) -> Iterator[int]:
    yield process_id
    for child in _children(process_id):
        yield from _tree(child)


def _children(process_id: int) -> list[int]:
    tasks = (_PROC / str(process_id) / "task").glob("*/children")
    return [int(child) for task in tasks for child in _text(task).split()]


def _cpu_seconds(process_id: int) -> float:
    stat = _text(_PROC / str(process_id) / "stat")
    return seconds_of(stat) if stat else 0.0


def _name(process_id: int) -> str:
    return _text(_PROC / str(process_id) / "comm").strip()


def _text(path: Path) -> str:
    """Nothing of a process that has just ended."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""
