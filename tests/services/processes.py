"""Child processes that never outlive the test run, however it ends."""

import ctypes
import os
import pwd
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a child runs as; PostgreSQL refuses to run as root."""

    uid: int
    gid: int


def unprivileged_owner() -> Owner | None:
    """Somebody else than root; None where the tests do not run as root anyway."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return Owner(user.pw_uid, user.pw_gid)
    raise LookupError("the tests run as root, and there is no user postgres or nobody")


def start(
    command: Sequence[str | Path],
    log: Path,
    *,
    owner: Owner | None = None,
    signal_when_orphaned: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, its output in `log`.

    The kernel ends it with the given signal when the test run dies, killed or not.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # After the change of user, which would clear the signal; takes no lock.
            preexec_fn=_dying_with(os.getpid(), signal_when_orphaned),  # noqa: PLW1509
            user=None if owner is None else owner.uid,
            group=None if owner is None else owner.gid,
            extra_groups=None if owner is None else [],
        )


def run(
    command: Sequence[str | Path], *, owner: Owner | None = None, timeout_seconds: float = 300
) -> str:
    """Run a child to its end, and give its output; RuntimeError with the output where it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=timeout_seconds,
        preexec_fn=_dying_with(os.getpid(), signal.SIGKILL),
        user=None if owner is None else owner.uid,
        group=None if owner is None else owner.gid,
        extra_groups=None if owner is None else [],
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed with {done.returncode}:\n{done.stdout[-3000:]}")
    return done.stdout


def end(
    process: subprocess.Popen[bytes], how: signal.Signals, *, timeout_seconds: float = 30
) -> None:
    """Send the signal and wait; SIGKILL where that was not enough."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout_seconds)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _dying_with(parent: int, how: signal.Signals) -> Callable[[], None]:
    def in_the_child() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(how))
        if os.getppid() != parent:  # the parent died before the call
            os._exit(1)

    return in_the_child
