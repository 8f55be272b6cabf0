"""`python -m sync_worker`, and the installed command."""

import gc
import sys
from typing import NoReturn

from sync_worker.cli import signals

_GC_THRESHOLD = 50_000
"""Imports make a hundred thousand objects and no garbage; looking for some after every 700, as is
Python's default, is an eighth of the time that it takes to start."""


def main() -> NoReturn:
    """Run the command; one that is told to end while it still imports its parts does so."""
    gc.set_threshold(_GC_THRESHOLD)
    signals.on_signals(signals.interrupt)
    try:
        from sync_worker.cli.main import main as command  # noqa: PLC0415 - after the signals
    except KeyboardInterrupt:
        sys.exit(signals.INTERRUPTED)
    command()


if __name__ == "__main__":
    main()
