"""What a command shows: data on stdout in the form asked for, everything else on stderr."""

import csv
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import IO, TYPE_CHECKING, Any

import click

from sync_worker.administration.messages.plans import NOTHING_CHANGED
from sync_worker.cli import messages as says
from sync_worker.cli import text
from sync_worker.cli.progress import Progress, shown
from sync_worker.cli.table import MIN_WIDTH, Styler, fold, render_fields, render_table
from sync_worker.errors import Exit, UserError, Words
from sync_worker.files import csv_cells
from sync_worker.language import FilledMessage, Language, Message, worded
from sync_worker.printable import printable_json, printable_text
from sync_worker.sequences import Tally, batched
from sync_worker.telemetry.redaction import Redaction

if TYPE_CHECKING:
    from sync_worker.streams.ranges import ShowProgress

_ROWS_WRITTEN_AT_ONCE = 1_000
_ANSWERS: Mapping[str, bool] = {
    **dict.fromkeys(("y", "yes", "j", "ja"), True),
    **dict.fromkeys(("n", "no", "nej"), False),
}
_COLORS: Mapping[str, str] = {
    **dict.fromkeys(("receiving", "added", "ok"), "green"),
    **dict.fromkeys(("deactivated", "service_off", "open", "ignored", "warn"), "yellow"),
    **dict.fromkeys(("refused", "dead_lettered", "fail"), "red"),
}


class Form(StrEnum):
    """The form in which data is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Globals:
    """The options that every command takes; verbosity is 1 with -v and -1 with -q."""

    output: Form = Form.TABLE
    verbosity: int = 0
    color: bool = True
    debug: bool = False
    redaction: Redaction = field(default_factory=Redaction, compare=False)


def csv_is_for_lists() -> UserError:
    """What a command that prints one thing says to `-o csv`."""
    return UserError(
        Exit.USAGE, "csv is for lists, and this is none.", hint="Use -o json or -o table."
    )


class Output:
    """Writes data to stdout, in one form, and sentences to stderr."""

    def __init__(self, options: Globals, language: Language = Language.ENGLISH) -> None:
        self.language = language
        self._form = options.output
        self._is_quiet = options.verbosity < 0
        self._colors = options.color
        self.redaction = options.redaction
        """For data that tells what a driver or a client said; what is said on stderr passes it."""
        self._hidden: Sequence[str] = ()

    @property
    def is_table(self) -> bool:
        """Whether data is written for people to read."""
        return self._form is Form.TABLE

    @property
    def is_csv(self) -> bool:
        """Whether data is written as csv."""
        return self._form is Form.CSV

    def items(
        self,
        rows: Iterable[Mapping[str, Any]],
        columns: Sequence[str],
        *,
        empty: Words | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a list; JSON has all of each row, and `extra` beside `items` and `count`.

        JSON and csv are written as the rows come, however many there are. As a table, an empty list
        is the sentence `empty` on stderr.
        """
        match self._form:
            case Form.JSON:
                _write_pieces(_items_json(rows, extra or {}))
            case Form.CSV:
                _write_pieces(_csv(rows, columns))
            case Form.TABLE:
                self._table(iter(rows), columns, empty)

    def _table(
        self, rows: Iterator[Mapping[str, Any]], columns: Sequence[str], empty: Words | None
    ) -> None:
        first = next(rows, None)
        if first is None:
            self.message(empty or says.NOTHING())
            return
        style = _colored if self._colors and color_is_welcome(sys.stdout) else None
        write(self._fitted(chain([first], rows), columns, sys.stdout, style) + "\n")
        self._tell_hidden()

    def document(self, document: Mapping[str, Any], render: Callable[[Any], str | None]) -> None:
        """Write one thing; `render` gives its text for people, None where there is nothing to say.

        Messages in it are written in the language that is read here.

        Raises:
            UserError: the form is csv.
        """
        if self._form is Form.CSV:
            raise csv_is_for_lists()
        if self._form is Form.JSON:
            indented = json.dumps(document, ensure_ascii=False, indent=2, default=self._jsonable)
            write(printable_json(indented) + "\n")
            return
        rendered = render(document)
        if rendered is not None:
            write(printable_text(rendered) + "\n")
            self._tell_hidden()

    def _jsonable(self, value: object) -> str:
        return self.words(value) if isinstance(value, FilledMessage) else text.jsonable(value)

    def words(self, sentence: Words) -> str:
        """A sentence in the language that is read here."""
        return worded(sentence, self.language)

    def text(self, value: object) -> str:
        """A value as a table has it; nothing where it is None."""
        return text.cell(value)

    @property
    def fits_terminal(self) -> bool:
        """Whether data is written for people to read on a terminal."""
        return self.is_table and terminal_width(sys.stdout) is not None

    def table(
        self,
        rows: Iterable[Mapping[str, Any]],
        columns: Sequence[str],
        stream: IO[str] | None = None,
    ) -> str:
        """A table as text, for the inside of what is written to a stream, stdout unless given."""
        return self._fitted(rows, columns, stream or sys.stdout, None)

    def _fitted(
        self,
        rows: Iterable[Mapping[str, Any]],
        columns: Sequence[str],
        stream: IO[str],
        style: Styler | None,
    ) -> str:
        table = render_table(rows, columns, width=terminal_width(stream), style=style)
        self._hidden = [*self._hidden, *(name for name in table.hidden if name not in self._hidden)]
        return table.text

    def _tell_hidden(self) -> None:
        """Say which columns the tables that were just written have no room for."""
        hidden, self._hidden = self._hidden, ()
        if hidden:
            self.message(says.HIDDEN_COLUMNS(names=", ".join(hidden)))

    def fields(self, values: Mapping[str, Any], stream: IO[str] | None = None) -> str:
        """Names and values under one another, as text for the inside of a document."""
        return render_fields(values, terminal_width(stream or sys.stdout))

    def folded(self, sentence: str) -> str:
        """A sentence for the inside of a document; on a terminal it is broken between words."""
        width = terminal_width(sys.stdout)
        return sentence if width is None else "\n  ".join(fold(sentence, width - len("  ")))

    def message(self, sentence: Words) -> None:
        """Say something on stderr that -q leaves out."""
        if not self._is_quiet:
            self.attention(sentence)

    def attention(self, sentence: Words) -> None:
        """Say on stderr what somebody should look at; -q does not leave it out."""
        click.echo(printable_text(self.redaction(self.words(sentence))), err=True)
        self._tell_hidden()

    def confirm(self, question: Words, *, yes: bool) -> None:
        """Ask on a terminal, unless the answer was given with `--yes`.

        Raises:
            UserError: the answer is no, or there is no terminal to ask on.
        """
        if yes:
            return
        self.require_terminal()
        if not self._is_agreed(question):
            raise UserError(Exit.USAGE, NOTHING_CHANGED(), code="not_confirmed")

    def require_terminal(self) -> None:
        """Raise UserError where nobody could answer a question."""
        if sys.stdin is None or not sys.stdin.isatty():
            raise UserError(
                Exit.USAGE,
                says.CONFIRMATION(),
                why=NOTHING_CHANGED(),
                hint=says.GIVE_YES(),
                code="confirmation_needed",
            )

    def _is_agreed(self, question: Words) -> bool:
        """The answer to a question; no answer is no, and one that is neither is asked again."""

        def judged(answer: str) -> bool:
            word = answer.strip().lower()
            if word not in _ANSWERS:
                raise click.UsageError(self.words(says.ANSWER()))
            return _ANSWERS[word]

        agreed: bool = click.prompt(
            printable_text(self.words(question)),
            default="n",
            show_default=False,
            prompt_suffix=self.words(says.YES_OR_NO()),
            value_proc=judged,
            err=True,
        )
        return agreed

    @contextmanager
    def progress(
        self,
        label: Words,
        fraction: Callable[[], float] | None = None,
        done: Callable[[], int] | None = None,
        *,
        unit: Message = says.RECORDS_DONE,
        tell: Callable[[str], None] | None = None,
    ) -> Iterator[None]:
        """Show how far the body is: how much is done, from 0 to 1, and how many of what.

        On a terminal always; elsewhere now and then, if it can take long: see `shown`.
        """
        if self._is_quiet:
            yield
            return
        words = self.words(label)
        progress = Progress(words, fraction, done, unit=unit, language=self.language)
        with shown(progress, sys.stderr, tell=tell):
            yield

    @contextmanager
    def counting(self, label: Words, unit: Message) -> Iterator[Tally]:
        """Show how far the body is, which counts in the tally."""
        tally = Tally()
        with self.progress(label, tally.fraction, lambda: tally.done, unit=unit):
            yield tally

    def reading(self, label: Words) -> "ShowProgress":
        """Shows how far the reading of records is: see `progress`."""
        return lambda of: self.progress(label, of.fraction_read, lambda: of.records_read)


def write(data: str) -> None:
    """Write data to stdout; that it cannot be written is told at the end of the command."""
    sys.stdout.write(data)


def terminal_width(stream: IO[str]) -> int | None:
    """How many columns a terminal has; None where the stream is not one, and nothing is cut."""
    return max(MIN_WIDTH, shutil.get_terminal_size().columns) if stream.isatty() else None


def color_is_welcome(stream: Any) -> bool:
    """Whether a stream is a terminal, and nobody asked for text without colours."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return bool(stream.isatty()) and not plain


def _write_pieces(pieces: Iterable[str]) -> None:
    for piece in pieces:
        write(piece)


def _items_json(rows: Iterable[Mapping[str, Any]], extra: Mapping[str, Any]) -> Iterator[str]:
    """A row a line, which is quick to write and easy to read."""
    encode = text.compact_json
    count, before, after = 0, '{"items": [\n', '{"items": ['
    for some in batched(rows, _ROWS_WRITTEN_AT_ONCE):
        yield before + ",\n".join(f"  {encode(dict(row))}" for row in some)
        count, before, after = count + len(some), ",\n", "\n"
    rest = encode({"count": count, **extra}).removeprefix("{")
    yield f"{after}], {rest}\n"


def _csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    yield _csv_lines([columns])
    for some in batched(rows, _ROWS_WRITTEN_AT_ONCE):
        yield _csv_lines([_csv_cell(row[name]) for name in columns] for row in some)


def _csv_lines(lines: Iterable[Sequence[Any]]) -> str:
    content = io.StringIO()
    csv.writer(content, lineterminator="\n").writerows(lines)
    return content.getvalue()


def _csv_cell(value: Any) -> Any:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return text.instant(value)
        case dict() | list() | tuple():
            return text.compact_json(value)
        case str():
            return csv_cells.escaped(str(value))
        case _:
            return value


def _colored(value: str, padded: str) -> str:
    color = _COLORS.get(value)
    return click.style(padded, fg=color) if color else padded
