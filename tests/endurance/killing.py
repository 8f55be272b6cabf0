"""Workers that kill themselves, each at a named point: `python -m tests.endurance.killing PLAN N`.

A process of its own, so that nothing of this is in the program. It imports the worker once, and
forks a child for each victim of the plan, N at a time. A child wraps what is called at its point,
and sends itself SIGKILL as it is passed once too often: no handler, no `finally`, no flush. What is
written is recognised by its SQL, however statements are put together.
"""

import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterable
from functools import partial, wraps
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from sqlalchemy import Engine, event

import sync_worker.cli.commands.run  # noqa: F401 - and all that it needs, before the first fork
from sync_worker.__main__ import main
from sync_worker.pipeline.apply import Applier
from sync_worker.registry.database import Transaction
from sync_worker.streams.kafka.source import KafkaSource

Arm = Callable[[Callable[[], None]], None]
"""Have the given function called each time that a point is passed."""

_POLLS_BEFORE_STOP = 5
_MOST_SECONDS = 240


def _before(owner: type, name: str, passed: Callable[[], None]) -> None:
    original = getattr(owner, name)

    @wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        passed()
        return original(*arguments, **named)

    setattr(owner, name, wrapped)


def _after(owner: type, name: str, passed: Callable[[], None]) -> None:
    """Calls that return nothing count where that is all they ever return."""
    original = getattr(owner, name)

    @wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        result = original(*arguments, **named)
        if result is not None or name != "poll":
            passed()
        return result

    setattr(owner, name, wrapped)


def _after_writing(table: str, passed: Callable[[], None]) -> None:
    written = re.compile(rf'\b(?:INTO|UPDATE)\s+(?:\S+\.)?"?{table}"?\b')

    def look(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        if written.search(statement):
            passed()

    event.listen(Engine, "after_cursor_execute", look)


def _stopping(arm: Arm, passed: Callable[[], None]) -> None:
    """At a point of the shutdown: the worker is told to stop after some polls."""
    polls = iter(range(_POLLS_BEFORE_STOP, -1, -1))
    _before(
        KafkaSource,
        "poll",
        lambda: None if next(polls, 1) else os.kill(os.getpid(), signal.SIGTERM),
    )
    arm(passed)


POINTS: dict[str, Arm] = {
    "before poll": partial(_before, KafkaSource, "poll"),
    "after poll": partial(_after, KafkaSource, "poll"),
    "after decode": partial(_after, Applier, "decode"),
    "before the transaction": partial(_before, Applier, "apply"),
    "after writing position": partial(_after_writing, "position"),
    "after writing clinic": partial(_after_writing, "clinic"),
    "after writing change_log": partial(_after_writing, "change_log"),
    "after writing dead_letter": partial(_after_writing, "dead_letter"),
    "before COMMIT": partial(_before, Transaction, "commit"),
    "after COMMIT": partial(_after, Transaction, "commit"),
    "before offset commit": partial(_before, KafkaSource, "committed"),
    "after offset commit": partial(_after, KafkaSource, "committed"),
    "before start over": partial(_before, KafkaSource, "seek"),
    "after start over": partial(_after, KafkaSource, "seek"),
    "before shutdown": partial(_stopping, partial(_before, KafkaSource, "close")),
    "after shutdown": partial(_stopping, partial(_after, KafkaSource, "close")),
}
"""Between a poll, the commit and the commit of offsets; each with what sees that it is passed."""

ONCE = {point for point in POINTS if "start over" in point or "shutdown" in point}
"""The points that a worker passes only once, unless a rebalance or another worker interferes."""


class Victim(NamedTuple):
    """Where a worker is to end, and what it is told beside the environment."""

    point: str
    passes: int
    settings: dict[str, str]


def kill_all(victims: Iterable[Victim], at_once: int) -> None:
    """Have the victims run, so many at a time, and print how each has ended."""
    running: dict[int, Victim] = {}
    for victim in victims:
        if len(running) == at_once:
            _await_one(running)
        pid = os.fork()
        if pid == 0:
            _be(victim)
        running[pid] = victim
    while running:
        _await_one(running)


def _await_one(running: dict[int, Victim]) -> None:
    pid, status = os.wait()
    ended = {"point": running.pop(pid).point, "ended": os.waitstatus_to_exitcode(status)}
    sys.stdout.write(json.dumps(ended) + "\n")
    sys.stdout.flush()


def _be(victim: Victim) -> NoReturn:
    """Be a worker, until the point has been passed as often as the plan says."""
    left = iter(range(victim.passes - 1, -1, -1))

    def passed() -> None:
        if next(left, 0) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    signal.alarm(_MOST_SECONDS)  # nobody handles it: a point that is not passed is told apart
    os.environ.update(victim.settings)
    POINTS[victim.point](passed)
    sys.argv[1:] = ["run"]
    main()


if __name__ == "__main__":
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    kill_all(starmap(Victim, plan), int(sys.argv[2]))
