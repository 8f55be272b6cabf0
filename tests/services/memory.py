"""How much memory a command took."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], check=False)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=sys.stderr)
sys.exit(done.returncode)
"""


class Measured(NamedTuple):
    """A command that has ended, and the most memory that it or a child of it had, in MiB."""

    exit_code: int
    stdout: bytes
    stderr: str
    megabytes: int


def measured(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    seconds: float = 120,
    standard_input: bytes = b"",
) -> Measured:
    """Run a command to its end.

    By way of a small process: what a process takes counts from the memory of the one it came from.
    """
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, *command],
        env=environment,
        input=standard_input,
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    *told, megabytes = done.stderr.decode().splitlines()
    return Measured(done.returncode, done.stdout, "\n".join(told), int(megabytes))
