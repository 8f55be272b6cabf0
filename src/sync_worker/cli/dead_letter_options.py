"""The options that say which dead letters a command deals with."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

import click

from sync_worker.cli import options
from sync_worker.errors import Exit, UserError
from sync_worker.events.decode_result import Reason
from sync_worker.operations import redrive
from sync_worker.registry import database, dead_letters

Command = Callable[..., Any]
_SEARCH_OPTIONS = (
    click.option(
        "--code",
        type=click.Choice([reason.value for reason in Reason]),
        metavar="REASON",
        help=f"Only those with this reason: {', '.join(Reason)}.",
    ),
    click.option(
        "--clinic",
        metavar="HSA-ID",
        callback=options.not_blank,
        help="Only those whose record names this clinic: in its data, its subject or its key.",
    ),
    click.option(
        "--topic", metavar="TOPIC", callback=options.not_blank, help="Only those of this topic."
    ),
)


class Choice(NamedTuple):
    """Dead letters by their ids, or without any all open ones that the search finds."""

    numbers: tuple[int, ...]
    search: redrive.DeadLetterSearch

    def letters(self, registry: database.Registry) -> list[dead_letters.DeadLetterSummary]:
        """The open dead letters that are meant, in the order received.

        Raises:
            UnknownDeadLetters, ClosedDeadLetters: of those that were named.
            UserError: nothing names the clinic that is looked for.
        """
        return (
            redrive.chosen(registry, self.numbers)
            if self.numbers
            else redrive.all_open(registry, self.search)
        )


def searching(command: Command) -> Command:
    """`--code`, `--clinic` and `--topic`, as `search`."""

    @wraps(command)
    def called(
        *args: Any, code: str | None, clinic: str | None, topic: str | None, **others: Any
    ) -> Any:
        search = redrive.DeadLetterSearch(Reason(code) if code else None, clinic, topic)
        return command(*args, search=search, **others)

    taking: Command = called
    for option in reversed(_SEARCH_OPTIONS):
        taking = option(taking)
    return taking


def choosing(example: str) -> Callable[[Command], Command]:
    """Ids, or `--all` and what narrows it, as `choice`; refused unless it is one of the two."""

    def decorate(command: Command) -> Command:
        @wraps(command)
        def called(
            *args: Any,
            numbers: tuple[int, ...],
            every: bool,
            search: redrive.DeadLetterSearch,
            **more: Any,
        ) -> Any:
            if bool(numbers) == every or (numbers and search != redrive.DeadLetterSearch()):
                raise UserError(
                    Exit.USAGE,
                    "It is not clear which dead letters are meant.",
                    why="Give either ids, or --all, which --code, --clinic and --topic narrow.",
                    hint=example,
                )
            return command(*args, choice=Choice(numbers, search), **more)

        ids = click.argument("numbers", metavar="[ID]...", nargs=-1, type=options.FROM_ONE)
        all_open_option = click.option("--all", "every", is_flag=True, help="All that are open.")
        return ids(all_open_option(searching(called)))

    return decorate
