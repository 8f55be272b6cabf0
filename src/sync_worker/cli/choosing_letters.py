"""Which dead letters a command deals with: those named by their ids, or all that are asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click
from sqlalchemy import Connection

from sync_worker.cli import lookup, options
from sync_worker.cli.output import Output
from sync_worker.errors import Exit, UserError
from sync_worker.events.decode_result import Reason
from sync_worker.operations.redrive import chosen
from sync_worker.registry import change_log, dead_letters
from sync_worker.registry.database import Registry
from sync_worker.registry.dead_letters import DeadLetterFilter, DeadLetterSummary
from sync_worker.registry.queries import meant


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What `--code`, `--clinic` and `--topic` ask for; None asks for nothing."""

    code: str | None
    clinic: str | None
    topic: str | None

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return any(asked is not None for asked in (self.code, self.clinic, self.topic))

    def filter(self, connection: Connection, status: str | None) -> DeadLetterFilter:
        """What the letters with a status are looked for by.

        Raises:
            UserError: nobody ever named the clinic.
        """
        hsa_id = None if self.clinic is None else _named(connection, self.clinic)
        reason = None if self.code is None else Reason(self.code)
        return DeadLetterFilter(status, reason, hsa_id, self.topic)


@dataclass(frozen=True, slots=True)
class Choice:
    """Letters by their ids, or all that are open and as `narrowed` asks."""

    numbers: tuple[int, ...]
    every: bool
    narrowed: Narrowed

    def require_clear(self, example: str) -> None:
        """Raise UserError unless letters are named, or all asked for, and not both."""
        if bool(self.numbers) == self.every or (self.numbers and self.narrowed):
            raise UserError(
                Exit.USAGE,
                "It is not clear which dead letters are meant.",
                why="Either ids are given, or --all, which --code, --clinic and --topic narrow.",
                hint=example,
            )

    def heads(self, registry: Registry) -> list[DeadLetterSummary]:
        """The open letters that are meant, in the order in which they were stored.

        Raises:
            UnknownLetters, ClosedLetters: of those that were named.
            UserError: nobody ever named the clinic.
        """
        if self.numbers:
            return chosen(registry, self.numbers)
        with registry.snapshot() as connection:
            return dead_letters.matching(
                connection, self.narrowed.filter(connection, dead_letters.OPEN)
            )


def narrowing(command: Callable[..., None]) -> Callable[..., None]:
    """`--code`, `--clinic` and `--topic`, as `narrowed`."""

    @wraps(command)
    def called(
        *args: Any, code: str | None, clinic: str | None, topic: str | None, **others: Any
    ) -> None:
        command(*args, narrowed=Narrowed(code, clinic, topic), **others)

    given = (
        click.option(
            "--code",
            type=click.Choice([reason.value for reason in Reason]),
            help="Only those with this reason.",
        ),
        click.option(
            "--clinic",
            metavar="HSA-ID",
            callback=options.not_blank,
            help="Only those whose record names this clinic: in its data, its subject or its key.",
        ),
        click.option(
            "--topic",
            metavar="TOPIC",
            callback=options.not_blank,
            help="Only those of this topic.",
        ),
    )
    taking: Callable[..., None] = called
    for option in reversed(given):
        taking = option(taking)
    return taking


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Ids, or `--all` and what narrows it, as `choice`."""

    @wraps(command)
    def called(
        *args: Any, numbers: tuple[int, ...], every: bool, narrowed: Narrowed, **others: Any
    ) -> None:
        command(*args, choice=Choice(numbers, every, narrowed), **others)

    ids = click.argument("numbers", metavar="[ID]...", nargs=-1, type=options.FROM_ONE)
    all_open = click.option("--all", "every", is_flag=True, help="All that are open.")
    taking: Callable[..., None] = ids(all_open(narrowing(called)))
    return taking


def tell_gone(output: Output, number: int) -> None:
    """Say of how many of the letters nothing became, since they are not open any more."""
    if number:
        output.attention(
            f"{number} were closed by somebody else in the meantime, and are unchanged."
        )


def _named(connection: Connection, text: str) -> str:
    """The HSA-id that is meant; UserError where neither an event nor a letter names it."""
    (hsa_id,) = meant(connection, [text])
    is_heard_of = not change_log.unknown_ids(connection, [hsa_id])
    if is_heard_of or dead_letters.matching(connection, DeadLetterFilter(hsa_id=hsa_id)):
        return hsa_id
    raise lookup.no_clinic(hsa_id, "no dead letter names it")
