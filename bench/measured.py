"""Runs one command and says what it took, as one JSON object: `python -m bench.measured COMMAND…`.

A process of its own, and a small one: a child's peak memory counts from its fork, when it is still
as large as its parent.
"""

import json
import os
import sys
import time


def measure(command: list[str]) -> dict[str, object]:
    """Run it from start to exit; its output, wall-clock and CPU seconds, and peak memory."""
    output, its_output = os.pipe()
    began = time.monotonic()
    actions = [(os.POSIX_SPAWN_DUP2, its_output, 1), (os.POSIX_SPAWN_CLOSE, output)]
    process = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    os.close(its_output)
    with os.fdopen(output) as written:
        text = written.read()
    _, status, usage = os.wait4(process, 0)
    return {
        "exit_code": os.waitstatus_to_exitcode(status),
        "output": text,
        "wall_seconds": time.monotonic() - began,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_megabytes": usage.ru_maxrss * 1024 / 1e6,
    }


if __name__ == "__main__":
    json.dump(measure(sys.argv[1:]), sys.stdout)
