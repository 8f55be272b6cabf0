"""How fast the worker is on a real Kafka and a real PostgreSQL: `python -m bench`."""

import sys


def say(line: str) -> None:
    """Print a line at once: a bench takes minutes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
