"""`sync-worker` as tests call it: in their own process, or the installed command in one of its own.

Calls in the tests' process cost a hundredth of the others. A process of its own is for what only a
process has: signals, standard streams, how it starts and ends.
"""

import gc
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest

from sync_worker.cli.main import run

INSTALLED = Path(sys.executable).with_name("sync-worker")
DEADLINE_SECONDS = 60


class Done(NamedTuple):
    """A command that has ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def items(self) -> Any:
        document = self.json
        assert document["count"] == len(document["items"])
        return document["items"]

    @property
    def error(self) -> Any:
        """The error that `-o json` puts on stderr, behind nothing but log entries."""
        *log, last = [json.loads(line) for line in self.stderr.splitlines()]
        assert all("event" in entry for entry in log)
        (only,) = last.items()
        assert only[0] == "error"
        return only[1]

    @property
    def error_text(self) -> str:
        """What the error says, and its hint; progress and retries may be told before it."""
        error = json.loads(self.stderr.splitlines()[-1])["error"]
        return f"{error['message']} {error['hint']}"


class Keyboard:
    """Somebody at a terminal who types one line, after something else has happened."""

    def __init__(self, line: str, before: Callable[[], None] = lambda: None) -> None:
        self._line, self._before = line, before

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        self._before()
        return self._line


class CommandLine:
    """Calls the command in this process, in its folder and with its environment."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(
        self, *arguments: str, stdin: bytes | Keyboard | None = b"", **environment: str
    ) -> Done:
        """Call it; `stdin` is what is piped in, who sits at a terminal, or None where closed."""
        stream = io.TextIOWrapper(io.BytesIO(stdin)) if isinstance(stdin, bytes) else stdin
        self._capture.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", stream)
            gc.freeze()  # the tests themselves: a worker would look through them
            exit_code = run(arguments)
        captured = self._capture.readouterr()
        return Done(exit_code, captured.out, captured.err)


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment as it would be if nobody had set anything of the program's."""
    return {k: v for k, v in environment.items() if not k.startswith("SYNC_WORKER_")}


class Installed:
    """The installed command, in a process, in a folder with a registry of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "registry.db"
        self.environment = without_settings(os.environ) | {
            "SYNC_WORKER_DATABASE_URL": f"sqlite:///{self.database}",
            "SYNC_WORKER_HTTP_PORT": "0",
            # Random events are one mass change; the guard has tests of its own.
            "SYNC_WORKER_GUARD_MAX_PERCENT": "100",
            "NO_COLOR": "1",
            "LC_ALL": "C",
        }

    def __call__(
        self,
        *arguments: str | Path,
        before: Sequence[str] = (),
        stdin: bytes = b"",
        stdout: int | IO[bytes] = subprocess.PIPE,
        **environment: str,
    ) -> Done:
        """Call it and wait; `before` are the words of a program that calls it."""
        done = subprocess.run(
            [*before, INSTALLED, *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            input=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        return Done(done.returncode, (done.stdout or b"").decode(), done.stderr.decode())

    def start(
        self, *arguments: str, preexec_fn: Callable[[], None] | None = None, **environment: str
    ) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [INSTALLED, *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=preexec_fn,  # noqa: PLW1509 - no other thread takes a lock
        )


def ended(process: "subprocess.Popen[bytes]", number: signal.Signals | None = None) -> Done:
    """Wait for a process, after a signal where one is given."""
    if number is not None:
        process.send_signal(number)
    stdout, stderr = process.communicate(timeout=DEADLINE_SECONDS)
    return Done(process.returncode, stdout.decode(), stderr.decode())
