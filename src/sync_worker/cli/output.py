"""What commands print: data on stdout, everything else on stderr.

Tables are written by a few lines of our own: a registry of 50 000 clinics has to be listed in a
moment, and nothing may be truncated (docs/decisions/0002).
"""

import csv
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from sync_worker.cli.errors import CommandError, Exit

Row = Mapping[str, Any]
_STATUS_COLOURS = {"receiving": "green", "deactivated": "red", "service_off": "yellow"}


class Output:
    """Prints in one of the formats table, json and csv."""

    def __init__(self, output_format: str, *, verbosity: int, color: bool) -> None:
        self._format = output_format
        self._verbosity = verbosity
        self._color = color and "NO_COLOR" not in os.environ

    @property
    def is_table(self) -> bool:
        """Whether a person is to read it."""
        return self._format == "table"

    def items(
        self,
        rows: Iterable[Row],
        columns: Sequence[str],
        *,
        empty: str = "",
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Print a list; `extra` are further members of the JSON object."""
        listed = list(rows)
        if self._format == "json":
            _print_json({"items": listed, "count": len(listed), **(extra or {})})
        elif self._format == "csv":
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([_text(row.get(column)) for column in columns] for row in listed)
        elif listed:
            _print(self.table(listed, columns))
        elif empty:
            self.message(empty)

    def document(self, shown: Mapping[str, Any], render: Callable[[Any], str]) -> None:
        """Print one thing; `render` is what a person reads."""
        if self._format == "csv":
            raise CommandError(
                Exit.USAGE,
                "There is no csv of this.",
                why="csv is for lists.",
                hint="Use -o json or -o table.",
            )
        if self._format == "json":
            _print_json(shown)
        else:
            _print(render(shown))

    def table(self, rows: Sequence[Row], columns: Sequence[str]) -> str:
        """Rows in columns, never truncated."""
        cells = [[self.text(row.get(column)) for column in columns] for row in rows]
        widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
        lines = [_line(columns, widths), *(_line(line, widths) for line in cells)]
        if self._color and sys.stdout.isatty():
            lines = [click.style(lines[0], bold=True), *map(_coloured, lines[1:])]
        return "\n".join(lines)

    def text(self, value: object) -> str:
        """A value as a person reads it, harmless to a terminal."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        text = _text(value)
        return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")

    def message(self, text: str) -> None:
        """Tell a person something; -q keeps it quiet."""
        if self._verbosity >= 0:
            click.echo(text, err=True)

    def attention(self, text: str) -> None:
        """Tell a person something that -q does not keep quiet."""
        click.echo(text, err=True)

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask before something is done.

        Raises:
            CommandError: the answer was no, or nobody is there to answer.
        """
        if yes:
            return
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise CommandError(
                Exit.USAGE,
                "Nothing was done: it needs a confirmation, and nobody is there to ask.",
                hint="Read the plan, then give --yes.",
                code="confirmation_needed",
            )
        if not click.confirm(question, err=True):
            raise CommandError(Exit.USAGE, "Nothing was done.", code="not_confirmed")

    @contextmanager
    def progress(self, label: str, fraction: Callable[[], float]) -> Iterator[Callable[[], None]]:
        """A bar on a terminal, nothing elsewhere; call what is given as the work goes on."""
        if self._verbosity < 0 or not sys.stderr.isatty():
            yield lambda: None
            return
        with click.progressbar(length=1000, label=label, file=sys.stderr) as bar:
            yield lambda: bar.update(int(fraction() * 1000) - bar.pos)
            bar.update(1000 - bar.pos)


def report(error: CommandError, output_format: str) -> None:
    """Print an error on stderr: one JSON object, or what, why and a hint."""
    if output_format == "json":
        shown = {"code": error.code, "message": error.message, "hint": error.hint or None}
        click.echo(json.dumps({"error": shown}, ensure_ascii=False), err=True)
        return
    click.echo(f"error: {error.message}", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)


def instant(moment: datetime) -> str:
    """ISO 8601 in UTC, with decimals only where they are not zero."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return instant(value)
        case dict() | list():
            return json.dumps(value, default=_json, ensure_ascii=False)
        case _:
            return str(value)


def _json(value: object) -> str:
    if isinstance(value, datetime):
        return instant(value)
    raise TypeError(f"no JSON of {value!r}")


def _print_json(shown: Mapping[str, Any]) -> None:
    _print(json.dumps(shown, default=_json, ensure_ascii=False))


def _print(text: str) -> None:
    # Bytes, so that a terminal's or a locale's encoding never stops a record from being shown.
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(map(str.ljust, cells, widths)).rstrip()


def _coloured(line: str) -> str:
    for word, colour in _STATUS_COLOURS.items():
        line = line.replace(f"  {word}", f"  {click.style(word, fg=colour)}")
    return line
