"""Runs one command and says what it took, as one JSON object: `python -m bench.measured COMMAND…`.

`--on PROCESSOR` before the command keeps it on that one. This is a process of its own, and a small
one: a child's peak memory counts from its fork, when it is still as large as its parent.
"""

import json
import os
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Started:
    """A process that runs, and since when."""

    process_id: int
    began: float

    def ended(self) -> dict[str, object]:
        """Wait for its end; its wall-clock and CPU seconds, and peak memory."""
        _, status, usage = os.wait4(self.process_id, 0)
        return {
            "exit_code": os.waitstatus_to_exitcode(status),
            "wall_seconds": time.monotonic() - self.began,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_megabytes": usage.ru_maxrss * 1024 / 1e6,
        }


def start(command: list[str], output: int, processor: int | None = None) -> Started:
    """Start it, on one processor or on all of ours, with `output` as its standard output."""
    ours = os.sched_getaffinity(0)
    if processor is not None:
        os.sched_setaffinity(0, {processor})  # which the child inherits
    began = time.monotonic()
    actions = [(os.POSIX_SPAWN_DUP2, output, 1)]
    process_id = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    os.sched_setaffinity(0, ours)
    return Started(process_id, began)


def processor_and_command(arguments: list[str]) -> tuple[int | None, list[str]]:
    """What `--on` says, and what follows it."""
    if arguments[0] == "--on":
        return int(arguments[1]), arguments[2:]
    return None, arguments


def main(arguments: list[str]) -> None:
    """Run the command from start to exit, and print what it took and what it said."""
    processor, command = processor_and_command(arguments)
    output, its_output = os.pipe()
    started = start(command, its_output, processor)
    os.close(its_output)
    with os.fdopen(output) as written:
        text = written.read()
    json.dump({"output": text, **started.ended()}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
