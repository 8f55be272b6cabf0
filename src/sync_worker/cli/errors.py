"""What a command ends with when it does not end well: exit codes, and errors a person can act on.

An error says what, why, and what to do about it. Every exception is turned into one here.
"""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of the contract."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    ATTENTION = 3
    REFUSED = 4
    UNREACHABLE = 5
    NOT_FOUND = 6
    INTERRUPTED = 130


class CommandError(Exception):
    """A command cannot do what it was asked: what and why, a sentence each, and the way on."""

    def __init__(
        self, exit_code: Exit, what: str, *, why: str = "", hint: str = "", code: str = ""
    ) -> None:
        super().__init__(what)
        self.exit_code = exit_code
        self.code = code or exit_code.name.lower()
        self.what, self.why, self.hint = what, why, hint

    @property
    def message(self) -> str:
        """What and why."""
        return f"{self.what} {self.why}".strip()


def as_command_error(error: BaseException) -> CommandError | None:
    """What an exception means to whoever typed the command; None where it is our bug."""
    if isinstance(error, CommandError):
        return error
    return _of_file(error) or _of_stream(error) or _of_database(error)


def _of_file(error: BaseException) -> CommandError | None:
    if not isinstance(error, OSError) or error.filename is None:
        return None
    if isinstance(error, FileNotFoundError):
        return CommandError(
            Exit.NOT_FOUND,
            f"There is no file {error.filename}.",
            hint="Check the path; it is looked for from the folder that you are in.",
        )
    return CommandError(
        Exit.USAGE,
        f"{error.filename} cannot be opened: {error.strerror}.",
        hint="Name a file that you may read.",
        code="file",
    )


def _of_stream(error: BaseException) -> CommandError | None:
    from sync_worker.stream.source import StreamError

    if not isinstance(error, StreamError):
        return None
    return CommandError(Exit.USAGE, error.what, why=error.why, hint=error.hint, code="stream")


def _of_database(error: BaseException) -> CommandError | None:
    from sqlalchemy.exc import DBAPIError

    from sync_worker.registry.dialect import MissingDatabase
    from sync_worker.registry.schema import WrongRevision

    if isinstance(error, MissingDatabase):
        return CommandError(
            Exit.USAGE,
            f"There is no database file {error.path}.",
            why="Only an upgrade makes one.",
            hint="sync-worker db upgrade, or correct SYNC_WORKER_DATABASE_URL.",
            code="no_database",
        )
    if isinstance(error, WrongRevision):
        return CommandError(
            Exit.USAGE,
            f"The database's schema is at revision {error.found or 'none'}, not {error.needed}.",
            why="This version of the program works on its own revision alone.",
            hint="sync-worker db upgrade, or run the version that made that schema.",
            code="wrong_revision",
        )
    return _of_driver(error) if isinstance(error, DBAPIError) else None


def _of_driver(error: BaseException) -> CommandError | None:
    from sync_worker.registry.errors import Fault, fault_of, first_line

    match fault_of(error):
        case Fault.PASSING:
            return CommandError(
                Exit.UNREACHABLE,
                f"The database cannot be used: {first_line(error)}.",
                why="It is away, locked, full or read-only.",
                hint="Check SYNC_WORKER_DATABASE_URL and the server, then run again: "
                "nothing is half done.",
            )
        case Fault.NOT_A_DATABASE:
            return CommandError(
                Exit.USAGE,
                f"The file is no database of this program: {first_line(error)}.",
                hint="Correct SYNC_WORKER_DATABASE_URL.",
                code="no_database",
            )
        case _:
            return None
