"""Counts how often a command waits for PostgreSQL: `python -m bench.round_trips FILE ARGUMENT…`.

Whatever the driver sends, it waits for the answer in one place. How often it did is written to the
file.
"""

import sys
from pathlib import Path
from typing import Any

import psycopg

from sync_worker.cli.main import run


class _Count:
    """Counts the waits of all connections from now on."""

    def __init__(self) -> None:
        self.waits = 0
        wait = psycopg.Connection.wait

        def counted(connection: psycopg.Connection[Any], *how: Any, **named: Any) -> Any:
            self.waits += 1
            return wait(connection, *how, **named)

        psycopg.Connection.wait = counted  # type: ignore[method-assign, assignment]


def main(arguments: list[str]) -> None:
    """Run the command, and count."""
    file, *command = arguments
    count = _Count()
    code = run(command)
    Path(file).write_text(f"{count.waits}")
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
