"""A change by a person: who makes it and why; planned and shown, agreed to, and only then made."""

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, NamedTuple, TypeVar

import click

from sync_worker import bootstrap
from sync_worker.authorship import Authorship
from sync_worker.cli.options import dry_run_option, not_blank
from sync_worker.cli.output import Output
from sync_worker.errors import Words

Command = Callable[..., Any]
Done = TypeVar("Done")
_NOBODY = "unknown"


@dataclass(frozen=True, slots=True)
class Consent:
    """What was said beforehand to a change that is planned: `--dry-run`, `--yes`, or nothing."""

    dry_run: bool = False
    yes: bool = False

    @property
    def is_asked_for(self) -> bool:
        """Whether somebody is to be shown the plan, and asked."""
        return not (self.dry_run or self.yes)

    def carry_out(
        self, output: Output, question: Words | None, change: Callable[[], Done]
    ) -> Done | None:
        """Ask, and make the change; None in a dry run, and without a question: nothing is to do.

        Raises:
            UserError: the answer is no, or there is no terminal to ask on.
        """
        if self.dry_run or question is None:
            return None
        output.confirm(question, yes=self.yes)
        return change()


class Author(NamedTuple):
    """Who makes a change, and why, as it was given."""

    actor: str
    reason: str | None

    def now(self) -> Authorship:
        """The change as it is made now."""
        return Authorship(self.actor, self.reason, bootstrap.now())


def plan_options(command: Command) -> Command:
    """`--dry-run` and `--yes`, as `consent`."""
    return dry_run_option(yes_option(command))


def yes_option(command: Command) -> Command:
    """`-y` or `--yes`, as `consent`."""

    @wraps(command)
    def called(*args: Any, yes: bool, dry_run: bool = False, **others: Any) -> Any:
        return command(*args, consent=Consent(dry_run, yes), **others)

    return click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")(called)


def author_options(command: Command) -> Command:
    """`--actor ID` and `--reason TEXT`, as `author`."""
    return _author_options(command, is_reason_required=False)


def author_with_reason(command: Command) -> Command:
    """`--actor ID` and `--reason TEXT`, without which nothing is done, as `author`."""
    return _author_options(command, is_reason_required=True)


def author_with_ticket(*, is_required: bool) -> Callable[[Command], Command]:
    """`--ticket ID` beside both, as `author`: the ticket comes before the reason."""

    def decorate(command: Command) -> Command:
        @wraps(command)
        def called(*args: Any, ticket: str | None, author: Author, **others: Any) -> Any:
            given = [part for part in (ticket, author.reason) if part is not None]
            author = author._replace(reason=": ".join(given) or None)
            return command(*args, author=author, **others)

        return click.option(
            "--ticket",
            required=is_required,
            metavar="ID",
            callback=not_blank,
            help="The order behind the change; recorded in the log.",
        )(author_options(called))

    return decorate


def _author_options(command: Command, *, is_reason_required: bool) -> Command:
    @wraps(command)
    def called(*args: Any, actor: str, reason: str | None, **others: Any) -> Any:
        return command(*args, author=Author(actor, reason), **others)

    reason = click.option(
        "--reason",
        metavar="TEXT",
        required=is_reason_required,
        callback=not_blank,
        help="Why; recorded in the log.",
    )
    actor = click.option(
        "--actor",
        metavar="ID",
        default=_os_user,
        show_default="the user of the operating system",
        callback=not_blank,
        help="Who makes the change; recorded in the log.",
    )
    return reason(actor(called)) if is_reason_required else actor(reason(called))


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        # A container's user need not have a name.
        return _NOBODY
