"""Processes that are measured from start to exit, alone or several at once, and those beside them.

Each is measured by a small process of its own (`bench/measured.py`).
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import processors

WORKER = Path(sys.executable).with_name("sync-worker")
_DEADLINE_SECONDS = 1800

Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """What processes that began together took, until the last of them had ended."""

    read: int
    """How many records; 0 where they do not say."""
    wall_seconds: float
    cpu_seconds: float
    """Of all of them."""
    peak_megabytes: float
    """Of the one that had most."""
    services: Mapping[str, float] = field(default_factory=dict)
    """CPU seconds of the services beside them, by program; nothing where others run those."""


def inherited() -> dict[str, str]:
    """Our own environment, without settings, and with bytecode kept as an installation has it."""
    left_out = ("SYNC_WORKER_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


class Runner:
    """Runs commands; what they say to stderr is kept in a folder, for the case that one fails."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, command: Sequence[str], environment: Environment) -> str:
        """Run one to its end; its output.

        Raises:
            RuntimeError: it failed; with the end of what it said.
        """
        (output,) = self._all([command], environment)
        return output

    def measured(
        self,
        command: Sequence[str],
        environment: Environment,
        *,
        times: int = 1,
        on_one_processor: bool = False,
        module: str = "bench.measured",
    ) -> Run:
        """Run so many of a command at once, each on all processors or all on the same one."""
        pinned = ["--on", str(max(os.sched_getaffinity(0)))] if on_one_processor else []
        before = processors.of_services()
        measuring = [sys.executable, "-m", module, *pinned, *command]
        outputs = self._all([measuring] * times, environment)
        services = processors.difference(before, processors.of_services())
        found = [self._checked(json.loads(output), command) for output in outputs]
        return Run(
            sum(json.loads(one["output"]).get("read", 0) for one in found),
            max(one["wall_seconds"] for one in found),
            sum(one["cpu_seconds"] for one in found),
            max(one["peak_megabytes"] for one in found),
            services,
        )

    @contextmanager
    def beside(self, command: Sequence[str], environment: Environment) -> Iterator[int]:
        """The process beside what is inside, which it is to outlast; its id."""
        with (self._folder / "beside").open("wb") as said:
            process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)  # noqa: S603 - as below
            try:
                yield process.pid
                if process.poll() is not None:
                    text = (self._folder / "beside").read_text()[-3000:]
                    raise RuntimeError(f"{command} ended too early:\n{text}")
            finally:
                process.terminate()
                process.wait(timeout=60)

    def _all(self, commands: Sequence[Sequence[str]], environment: Environment) -> list[str]:
        """The outputs of commands that are started together."""
        with (self._folder / "messages").open("wb") as messages:
            processes = [
                subprocess.Popen(  # noqa: S603 - what is run is written here
                    command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=messages,
                    text=True,
                )
                for command in commands
            ]
            outputs = [process.communicate(timeout=_DEADLINE_SECONDS)[0] for process in processes]
        for process, command in zip(processes, commands, strict=True):
            if process.returncode != 0:
                name = " ".join(command[:4])
                raise RuntimeError(f"{name} ended with {process.returncode}:\n{self._said()}")
        return outputs

    def _checked(self, one: dict[str, Any], command: Sequence[str]) -> dict[str, Any]:
        if one["exit_code"] != 0:
            raise RuntimeError(f"{command} ended with {one['exit_code']}:\n{self._said()}")
        return one

    def _said(self) -> str:
        return (self._folder / "messages").read_text()[-3000:]
