"""How an error is printed, and what the errors of libraries mean to whoever runs a command.

The program's own errors carry their text and exit code (`errors.py`).
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from sync_worker.cli import messages
from sync_worker.cli.permission import OWNER, SUPPORT, needed_by
from sync_worker.cli.remedies import in_words
from sync_worker.config.sources import current, variable
from sync_worker.errors import Exit, UserError
from sync_worker.files import descriptors
from sync_worker.files.atomic import NotARegularFile, is_disk_full
from sync_worker.language import FilledMessage, Language, worded
from sync_worker.printable import printable_json, printable_text
from sync_worker.remedies import Remedy


def as_text(
    error: UserError, language: Language = Language.ENGLISH, redacted: Callable[[str], str] = str
) -> str:
    """The error for people, after its redaction."""
    lines = [messages.ERROR(words=_sentences(error, language))]
    if error.hint:
        lines.append(messages.HINT(words=in_words(error.hint)))
    return printable_text(redacted("\n".join(line.text(language) for line in lines)))


def as_json(
    error: UserError, language: Language = Language.ENGLISH, redacted: Callable[[str], str] = str
) -> str:
    """The error for programs, on one line, after its redaction."""
    message = redacted(_sentences(error, language))
    hint = redacted(worded(in_words(error.hint), language))
    inner = {"code": error.code, "message": message, "hint": hint}
    return printable_json(json.dumps({"error": inner}, ensure_ascii=False))


def _sentences(error: UserError, language: Language) -> str:
    return f"{worded(error.message, language)} {worded(error.why, language)}".rstrip(" ")


_COMMAND = "sync_worker_command"


def say_command(error: Exception, command: str) -> None:
    """Keep with an exception which command, such as "boards set", it has ended."""
    setattr(error, _COMMAND, command)


def as_command_error(error: BaseException) -> UserError:
    """The error that ends the command for an exception; of one that nobody foresaw, a bug."""
    if isinstance(error, UserError):
        return error
    ends = (end(error) for kind, end in _ENDS if isinstance(error, kind))
    known = next((end for end in ends if end is not None), None)
    return (
        known
        or _of_the_database(error)
        or UserError(
            Exit.UNEXPECTED,
            f"Something unexpected happened: {type(error).__name__}.",
            why="This is a fault of the program.",
            hint=Remedy.DEBUG(),
        )
    )


def _usage(error: click.UsageError) -> UserError:
    is_help = isinstance(error, click.exceptions.NoArgsIsHelpError)
    message = "Missing command." if is_help else error.format_message()
    hint = f"{error.ctx.command_path} --help" if error.ctx else ""
    return UserError(Exit.USAGE, message, hint=hint)


def _interrupted(_error: BaseException) -> UserError:
    return UserError(Exit.INTERRUPTED, messages.INTERRUPTED())


def _missing_file(error: FileNotFoundError) -> UserError:
    return UserError(
        Exit.NOT_FOUND, messages.NO_FILE(path=error.filename), hint=messages.CHECK_PATH()
    )


def output_failed(error: OSError) -> UserError:
    """What a command ends with whose stdout takes no more, as on a full disk."""
    return UserError(
        Exit.UNEXPECTED,
        f"The output cannot be written: {error.strerror}.",
        why="What the command did stands.",
        hint="Make room, and look at the result with the command that lists it.",
        code="output",
    )


def _file(error: OSError) -> UserError | None:
    if descriptors.is_shortage(error):
        return UserError(
            Exit.UNEXPECTED,
            f"This process, or the machine, can open no more files: {error.strerror}.",
            why="What the command had done before stands.",
            hint=Remedy.RAISE_OPEN_FILES(),
            code="open_files",
        )
    if error.filename is None:
        return None
    if isinstance(error, FileNotFoundError):
        return _missing_file(error)
    hint = (
        "Make room on the disk." if is_disk_full(error) else "Check the path and its permissions."
    )
    return UserError(Exit.USAGE, f"{error.filename}: {error.strerror}.", hint=hint, code="file")


def _not_a_file(error: OSError) -> UserError:
    return UserError(
        Exit.USAGE,
        f"{error.filename} cannot be written: {error.strerror}.",
        why="No file takes its place, and nothing is written through it.",
        hint="Name a file, new or to be replaced. For a pipe or a device: events export --out - "
        "writes to standard output.",
        code="file",
    )


def _not_utf8(_error: UnicodeEncodeError) -> UserError:
    return UserError(
        Exit.USAGE,
        "Something that was given is not text in UTF-8.",
        hint="Check the arguments and the terminal's character set.",
    )


def _missing_driver(error: ModuleNotFoundError) -> UserError | None:
    if error.name != "psycopg":
        return None
    return UserError(
        Exit.USAGE,
        "The database is PostgreSQL, and its driver psycopg is not installed.",
        hint="pip install 'psycopg[binary]'",
        code="configuration",
    )


def _out_of_memory(_error: MemoryError) -> UserError:
    return UserError(
        Exit.UNEXPECTED,
        "There is not enough memory.",
        why="What the command had done before stands.",
        hint="Give it more memory, or run it where there is more; then run the command again.",
        code="memory",
    )


def _unreachable(error: Any, said: FilledMessage) -> UserError | None:
    """What to say where another try may help, or one with another login; else None."""
    from sync_worker.registry.errors import (
        Fault,
        fault_of,
        is_lock_timeout,
        is_read_only,
        says_disk_full,
    )
    from sync_worker.registry.refusals import refusal_of, remedy_of_shortage

    fault, setting = fault_of(error), _setting_of(error)
    if (refusal := refusal_of(error)) is not None:
        refused = messages.DATABASE_UNTRUSTED() if refusal.is_ours else messages.LOGIN_REFUSED()
        hint = refusal.remedy(setting=setting)
        return UserError(Exit.UNREACHABLE, refused, why=said, hint=hint, code="login_refused")
    if fault is Fault.TIMEOUT or is_lock_timeout(error):
        busy = messages.DATABASE_BUSY()
        return UserError(Exit.UNREACHABLE, busy, why=said, hint=messages.TRY_LATER())
    if says_disk_full(error):
        full, room = messages.DATABASE_FULL(), messages.MAKE_ROOM()
        return UserError(Exit.UNREACHABLE, full, why=said, hint=room)
    if is_read_only(error):
        read_only, primary = messages.DATABASE_READ_ONLY(), messages.NAME_PRIMARY(setting=setting)
        return UserError(Exit.UNREACHABLE, read_only, why=said, hint=primary)
    if fault is Fault.TRANSIENT:
        away = messages.DATABASE_UNAVAILABLE()
        remedy = remedy_of_shortage(error) or messages.TRY_AGAIN()
        return UserError(Exit.UNREACHABLE, away, why=said, hint=remedy)
    return None


def _setting_of(error: Any) -> str:
    """The setting that the address was taken from."""
    is_support = needed_by(getattr(error, _COMMAND, "")) == SUPPORT
    support = variable("support_database_url")
    if is_support and current(os.environ, [support]):
        return support
    return variable("database_url")


def _of_the_database(error: BaseException) -> UserError | None:
    """An error of SQLAlchemy, which need not be imported to tell that it was not."""
    sqlalchemy = sys.modules.get("sqlalchemy.exc")
    if sqlalchemy and isinstance(error, (sqlalchemy.DBAPIError, sqlalchemy.ResourceClosedError)):
        return _database(error)
    return None


def _database(error: Any) -> UserError:
    from sync_worker.registry.errors import (
        Fault,
        fault_of,
        first_line,
        is_beyond_encoding,
        is_changed_table,
        is_denied,
    )

    said = messages.IT_SAYS(words=first_line(error))
    if is_beyond_encoding(error):
        lacks = messages.LACKS_CHARACTER()
        other = messages.OTHER_CHARACTER()
        return UserError(Exit.USAGE, lacks, why=said, hint=other, code="encoding")
    unreachable = _unreachable(error, said)
    if unreachable is not None:
        return unreachable
    if fault_of(error) is Fault.REFUSED_OPTION:
        what = "The pooler in front of the database refuses an option of the connection."
        hint = "Take it from SYNC_WORKER_DATABASE_URL, or from the PG… variables: ALTER ROLE … SET."
        return UserError(Exit.USAGE, what, why=said, hint=hint, code="configuration")
    if fault_of(error) is Fault.NOT_A_DATABASE:
        what = "The file at SYNC_WORKER_DATABASE_URL is not a SQLite database, or is corrupt."
        hint = "Correct the setting, or restore the database: sync-worker config show"
        return UserError(Exit.USAGE, what, why=said, hint=hint, code="configuration")
    if is_denied(error):
        return _denied(error, said)
    if is_changed_table(error):
        what = "The database's tables are not as this program made them."
        return UserError(Exit.UNEXPECTED, what, why=said, hint=Remedy.UNDO_TABLE_CHANGES())
    return UserError(
        Exit.UNEXPECTED,
        "The database rejected the statement.",
        why=said,
        hint="Check SYNC_WORKER_DATABASE_URL: sync-worker config show",
    )


def _denied(error: Any, said: FilledMessage) -> UserError:
    from sync_worker.registry.dialect import login_of
    from sync_worker.registry.errors import cannot_enable_triggers
    from sync_worker.registry.roles import NOT_PERMITTED, NOT_THE_OWNER

    if cannot_enable_triggers(error):
        return UserError(
            Exit.REFUSED,
            "This session runs with triggers disabled, so changes would not be logged.",
            why=said,
            hint="ALTER ROLE … RESET session_replication_role, or ALTER DATABASE, as a superuser.",
            code="permission",
        )
    role, login = needed_by(getattr(error, _COMMAND, "")), login_of(error)
    lacks, hint = messages.LACKS_ROLE(role=role, login=login), messages.USE_ROLE(role=role)
    if role == OWNER:
        lacks, hint = NOT_THE_OWNER(login=login), messages.USE_OWNER()
    why = messages.SAYS_AND(said=said, more=lacks)
    return UserError(Exit.REFUSED, NOT_PERMITTED(), why=why, hint=hint, code="permission")


_ENDS: Sequence[tuple[type[BaseException], Callable[[Any], UserError | None]]] = (
    (click.UsageError, _usage),
    (click.Abort, _interrupted),
    (KeyboardInterrupt, _interrupted),
    (MemoryError, _out_of_memory),
    (UnicodeEncodeError, _not_utf8),
    (ModuleNotFoundError, _missing_driver),
    (NotARegularFile, _not_a_file),
    (OSError, _file),
)
"""The first that fits; None passes the error on."""
