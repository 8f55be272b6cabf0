"""What replay and redrive share: they wait for what is unavailable, and end in order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sync_worker import bootstrap
from sync_worker.cli.interruption import Interruption
from sync_worker.cli.invocation import Invocation
from sync_worker.cli.output import Output
from sync_worker.errors import Exit, UserError
from sync_worker.operations import reapply
from sync_worker.pipeline import retry as retry_module
from sync_worker.registry import errors, schema
from sync_worker.streams.protocol import StreamUnavailable

_SAY_AGAIN_SECONDS = 5.0


@contextmanager
def reapplying(run: Invocation) -> Iterator[tuple[reapply.ReapplyContext, Interruption]]:
    """What re-applies records, with the registry waited for, and Ctrl-C in order.

    Raises:
        MissingDatabase, WrongRevision: there is no such registry.
        DBAPIError: it is unavailable for longer than somebody waits.
        UserError: a standby has taken over during the body, which may lack what was applied before.
    """
    interruption = Interruption()
    with (
        bootstrap.registry.worker_registry(run.settings, run.application) as registry,
        interruption.installed(),
    ):
        notice = RetryNotice(run.output)
        retry = retry_module.Retrier(
            registry, lambda: interruption.is_wanted, notice.tell, retry_module.INTERACTIVE
        )

        def look_at_schema() -> None:
            with registry.snapshot() as connection:
                schema.require_compatible(connection)

        retry(look_at_schema)
        timeline = retry(registry.timeline)
        yield bootstrap.operations.reapply_context(run.settings, registry, retry), interruption
        if retry(registry.timeline) not in {timeline, None} and timeline is not None:
            raise _failed_over()


@contextmanager
def reporting_interruption(interruption: Interruption) -> Iterator[None]:
    """End an interrupted command as such, whatever the body raised.

    Raises:
        UserError: it was interrupted.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise _interrupted() from None
    except Exception as error:
        # A stop does not wait for what is unavailable; nothing of the part was kept.
        if interruption.is_wanted and retry_module.is_transient(error):
            raise _interrupted() from None
        raise
    if interruption.is_wanted:
        raise _interrupted()


def _interrupted() -> UserError:
    return UserError(
        Exit.INTERRUPTED,
        "Interrupted.",
        why="The output shows what was done; the rest was not started.",
        hint="Running the same command again is safe: what is already known changes nothing.",
    )


def _failed_over() -> UserError:
    return UserError(
        Exit.UNREACHABLE,
        "The database failed over to another server before this was done.",
        why="What was applied before that may be missing there.",
        hint="Run the same command again: what is already known changes nothing.",
    )


class RetryNotice:
    """Says that something is waited for, and not at each try."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._said_at = 0.0

    def tell(self, error: BaseException, _seconds: float) -> None:
        if self._said_at and time.monotonic() - self._said_at < _SAY_AGAIN_SECONDS:
            return
        self._said_at = time.monotonic()
        what = "Kafka" if isinstance(error, StreamUnavailable) else "The database"
        self._output.attention(
            f"{what} cannot be used now; trying again: {errors.first_line(error)}"
        )
