"""The report of a drill: what was staged, what an operator saw of it, and where.

It is printed as it happens, and kept as Markdown.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

PATH = Path(__file__).parents[2] / "build" / "drill.md"
RUN_BOOK = "docs/operations.md"


class Report:
    """Told of every step of a drill."""

    def __init__(self, path: Path, stream: TextIO = sys.__stdout__ or sys.stdout) -> None:
        self._stream = stream
        self._lines: list[str] = ["# Drill", ""]
        self._path = path

    def incident(self, title: str, chapter: str) -> None:
        """An incident begins."""
        self._add(f"\n## {title}", f"\nRun book: [{chapter}](../{RUN_BOOK}#{chapter})\n")

    def step(self, what: str) -> None:
        """Something is done."""
        self._add(f"\n**{what}**\n")

    def question(self, question: str) -> None:
        """One of the ten questions is asked."""
        self._add(f"\n*{question}*\n")

    def sight(self, place: str, line: str) -> None:
        """A place showed a line."""
        self._add(f"- {place}: `{line}`")

    def alert(self, name: str, text: str, *, is_firing: bool) -> None:
        """An alert fires or has cleared."""
        now = datetime.now(UTC).strftime("%H:%M:%S")
        self._add(f"- alert {name} {'fires' if is_firing else 'clears'} at {now}: {text}")

    def write(self) -> None:
        """Keep the report."""
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text("\n".join(self._lines) + "\n")

    def _add(self, *lines: str) -> None:
        self._lines.extend(lines)
        self._stream.write("\n".join(lines) + "\n")
        self._stream.flush()
