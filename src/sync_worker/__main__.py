"""`python -m sync_worker`, and the installed command."""

import sys
from typing import NoReturn

from sync_worker.cli import signals


def main() -> NoReturn:
    """Run the command; one that is told to end while it still imports its parts does so."""
    signals.on_signals(signals.interrupt)
    try:
        from sync_worker.cli.main import main as command  # noqa: PLC0415 - after the signals
    except KeyboardInterrupt:
        sys.exit(signals.INTERRUPTED)
    command()


if __name__ == "__main__":
    main()
