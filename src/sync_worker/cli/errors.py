"""What a command ends with when it cannot do what was asked, and the exit code for each case.

The one table that turns the libraries' and the program's exceptions into such ends stands here. It
goes by their names, so that nothing is imported for it.
"""

import errno
import json
from collections.abc import Callable, Mapping
from typing import Any

import click

from sync_worker.administration.messages import boards, errors, tak
from sync_worker.cli.permission import OWNER, needed_by
from sync_worker.cli.remedies import in_words
from sync_worker.errors import Exit, UserError
from sync_worker.language import FilledMessage, Language, worded
from sync_worker.printable import printable_json, printable_text


def as_text(
    error: UserError, language: Language = Language.ENGLISH, redacted: Callable[[str], str] = str
) -> str:
    """The error for people, after its redaction."""
    lines = [errors.ERROR(words=_sentences(error, language))]
    if error.hint:
        lines.append(errors.HINT(words=in_words(error.hint)))
    return printable_text(redacted("\n".join(line.text(language) for line in lines)))


def as_json(
    error: UserError, language: Language = Language.ENGLISH, redacted: Callable[[str], str] = str
) -> str:
    """The error for programs, on one line, after its redaction."""
    message, hint = (
        redacted(_sentences(error, language)),
        redacted(worded(in_words(error.hint), language)),
    )
    inner = {"code": error.code, "message": message, "hint": hint}
    return printable_json(json.dumps({"error": inner}, ensure_ascii=False))


def _sentences(error: UserError, language: Language) -> str:
    return f"{worded(error.message, language)} {worded(error.why, language)}".rstrip(" ")


_COMMAND = "sync_worker_command"


def say_command(error: Exception, command: str) -> None:
    """Keep with an exception which command, such as "boards set", it has ended."""
    setattr(error, _COMMAND, command)


def as_command_error(error: BaseException) -> UserError:
    """What the command ends with for an exception; unexpected where the table has nothing."""
    if isinstance(error, UserError):
        return error
    for kind in type(error).__mro__:
        end = _ENDS.get(f"{kind.__module__}.{kind.__qualname__}")
        found = end(error) if end else None
        if found is not None:
            return found
    return UserError(
        Exit.UNEXPECTED,
        f"Something unexpected happened: {type(error).__name__}.",
        why="This is a fault of the program.",
        hint="The same command with --debug shows where.",
    )


def _usage(error: click.UsageError) -> UserError:
    is_help = isinstance(error, click.exceptions.NoArgsIsHelpError)
    message = "Missing command." if is_help else error.format_message()
    hint = f"{error.ctx.command_path} --help" if error.ctx else ""
    return UserError(Exit.USAGE, message, hint=hint)


def _interrupted(_error: BaseException) -> UserError:
    return UserError(Exit.INTERRUPTED, errors.INTERRUPTED())


def _missing_file(error: FileNotFoundError) -> UserError | None:
    if error.filename is None:
        return None
    return UserError(Exit.NOT_FOUND, errors.NO_FILE(path=error.filename), hint=errors.CHECK_PATH())


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
    if error.filename is None:
        return None
    is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    hint = "Make room on the disk." if is_full else "Check the path and its permissions."
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


def _missing_module(error: ModuleNotFoundError) -> UserError | None:
    if error.name != "psycopg":
        return None
    return UserError(
        Exit.USAGE,
        "The database is PostgreSQL, and its driver psycopg is not installed.",
        hint="pip install 'psycopg[binary]'",
        code="configuration",
    )


def _missing_database(error: Any) -> UserError:
    return UserError(
        Exit.USAGE,
        f"There is no database file {error.path}.",
        why="It is made by an upgrade of the schema alone.",
        hint="sync-worker db upgrade makes it; SYNC_WORKER_DATABASE_URL says where.",
        code="configuration",
    )


def _no_place(error: Any) -> UserError:
    return UserError(
        Exit.USAGE,
        f"There can be no database file {error.path}.",
        why="It is no regular file but a folder, a link or a device, or the folder that it should "
        "be in is not there.",
        hint="Make the folder, or correct SYNC_WORKER_DATABASE_URL to name the file itself.",
        code="configuration",
    )


def _unusable_address(error: BaseException) -> UserError:
    return UserError(
        Exit.USAGE,
        f"The database cannot be connected to: {error}.",
        why="What SYNC_WORKER_DATABASE_URL or a PG… variable asks for is not there.",
        hint="Correct the path, or let the user that this runs as read the file; the pass phrase "
        "of a key is sslpassword=… in the URL.",
        code="configuration",
    )


def _wrong_revision(error: Any) -> UserError:
    found = f"at revision {error.found}" if error.found else "not there yet"
    return UserError(
        Exit.USAGE,
        f"The database's schema is {found}.",
        why=f"This program works on revision {error.needed}.",
        hint="sync-worker db upgrade, as the owner of the tables, by the newest program in use.",
        code="revision",
    )


def _no_roles(_error: BaseException) -> UserError:
    return UserError(
        Exit.USAGE,
        "The database is SQLite, which knows no roles.",
        why="Nothing but the permissions of its file stands between those who use it.",
        hint="Give the file and its folder to the user that runs sync-worker, or use PostgreSQL.",
        code="no_roles",
    )


def _not_the_owner(error: Any) -> UserError:
    return UserError(
        Exit.REFUSED,
        errors.NOT_PERMITTED(),
        why=errors.LACKS_OWNERSHIP(login=error.login),
        hint=errors.USE_OWNER(),
        code="permission",
    )


def _open_schema(error: Any) -> UserError:
    return UserError(
        Exit.REFUSED,
        f"Nothing was applied: {error.what}.",
        why="Whoever adds a function there can have others run it with their rights. "
        f"The schema is owned by {error.owner}, and the database knows us as {error.login}, who "
        "may not change that.",
        hint=f"As {error.owner} or a superuser: {'; '.join(error.remedy)}; then the same command "
        "again.",
        code="open_schema",
    )


def _refuses_records(error: BaseException) -> UserError:
    return UserError(
        Exit.UNEXPECTED,
        f"{error}.",
        why="Nothing of the batch was kept.",
        hint="The same command with --debug shows where.",
    )


def _unknown_letters(error: Any) -> UserError:
    return UserError(
        Exit.NOT_FOUND,
        f"There is no dead letter {', '.join(map(str, error.numbers))}.",
        hint="sync-worker deadletters list --status all",
    )


def _closed_letters(error: Any) -> UserError:
    are = ", ".join(f"{head.number} is {head.status}" for head in error.heads)
    return UserError(
        Exit.REFUSED,
        f"Not open any more: {are}.",
        why="Nothing was done: a dead letter that is closed stays closed.",
        hint="sync-worker deadletters list shows those that are open.",
        code="closed",
    )


def _board_changed(_error: BaseException) -> UserError:
    return UserError(
        Exit.REFUSED,
        boards.BOARD_CHANGED(),
        why=boards.PLAN_UNTRUE(),
        hint=boards.PLAN_AGAIN(),
        code="changed_meanwhile",
    )


def _unknown_hold(error: Any) -> UserError:
    return UserError(
        Exit.NOT_FOUND,
        f"There is no hold {error.number}.",
        hint="sync-worker holds list --status all",
    )


def _hold_decided(error: Any) -> UserError:
    return UserError(
        Exit.REFUSED,
        f"Hold {error.number} is {error.status} already.",
        why="What was decided cannot be decided again.",
        hint="sync-worker holds list shows the open ones.",
        code="decided",
    )


def _hold_still_open(error: Any) -> UserError:
    return UserError(
        Exit.REFUSED,
        f"Hold {error.number} is open.",
        why="It waits for corrections or an approval; only one that was withdrawn is acknowledged.",
        hint=f"Look at it: sync-worker holds show {error.number}",
        code="open",
    )


def _hold_changed(error: Any) -> UserError:
    return UserError(
        Exit.REFUSED,
        f"The list of hold {error.number} has changed: it is at revision {error.revision} by now.",
        why="Nothing was done.",
        hint=f"Look at it again: sync-worker holds show {error.number}",
        code="changed_meanwhile",
    )


def _tak_changed(_error: BaseException) -> UserError:
    return UserError(
        Exit.REFUSED,
        tak.CHANGED(),
        why=boards.PLAN_UNTRUE(),
        hint=boards.PLAN_AGAIN(),
        code="changed_meanwhile",
    )


def _part_lost(error: Any) -> UserError | None:
    if error.signal_name is None:
        return None
    return UserError(
        Exit.UNEXPECTED,
        f"The process that read half of the partitions was ended from outside: "
        f"{error.signal_name}.",
        why="Nothing was changed. If nobody did that, the machine or the container ran out of "
        "memory.",
        hint="Give it more memory, or run it where there is more; then run the command again.",
        code="killed",
    )


def _out_of_memory(_error: MemoryError) -> UserError:
    return UserError(
        Exit.UNEXPECTED,
        "There is not enough memory.",
        why="What the command had done before stands.",
        hint="Give it more memory, or run it where there is more; then run the command again.",
        code="memory",
    )


def _unreadable(error: Any) -> UserError:
    return UserError(
        Exit.USAGE, error.what, why=errors.NOTHING_DONE(), hint=error.remedy, code="file"
    )


def _bad_extract(error: Any) -> UserError:
    problems = error.problems
    several = "The extract cannot be used:\n  " + "\n  ".join(problems)
    return UserError(
        Exit.USAGE,
        problems[0] if len(problems) == 1 else several,
        why="Nothing of it was believed.",
        hint="Mend the file, or have it made again: hsa_id,active,region_code[,name] in UTF-8, "
        "with commas or semicolons.",
        code="extract",
    )


def _short_extract(error: Any) -> UserError:
    return UserError(
        Exit.REFUSED,
        f"The extract has {error.lines} clinics and names {error.named} of the {error.active} that "
        "are active here.",
        why="One that is empty, or names fewer than 80 % of them, is more likely a fault than the "
        "truth: the rest would be deactivated.",
        hint="Have it made again. If it is right: --accept-short",
        code="short_extract",
    )


def _unreachable(error: Any, said: FilledMessage) -> UserError | None:
    """What to say where another try may help, or one with another login; else None."""
    from sync_worker.registry.errors import Fault, fault_of, is_locked_out

    fault = fault_of(error)
    if fault is Fault.REFUSED:
        refused, check = errors.LOGIN_REFUSED(), errors.CHECK_LOGIN()
        return UserError(Exit.UNREACHABLE, refused, why=said, hint=check, code="login_refused")
    if fault is Fault.TIMEOUT or is_locked_out(error):
        busy = errors.DATABASE_BUSY()
        return UserError(Exit.UNREACHABLE, busy, why=said, hint=errors.TRY_LATER())
    if fault is Fault.TRANSIENT:
        away = errors.DATABASE_AWAY()
        return UserError(Exit.UNREACHABLE, away, why=said, hint=errors.TRY_AGAIN())
    return None


def _database(error: Any) -> UserError:
    from sync_worker.registry.errors import (
        Fault,
        fault_of,
        first_line,
        is_beyond_encoding,
        is_denied,
    )

    said = errors.IT_SAYS(words=first_line(error))
    if is_beyond_encoding(error):
        lacks = errors.LACKS_CHARACTER()
        other = errors.OTHER_CHARACTER()
        return UserError(Exit.USAGE, lacks, why=said, hint=other, code="encoding")
    unreachable = _unreachable(error, said)
    if unreachable is not None:
        return unreachable
    if fault_of(error) is Fault.REFUSED_OPTION:
        what = "The pooler in front of the database refuses an option of the connection."
        hint = "Take it from SYNC_WORKER_DATABASE_URL, or from the PG… variables: ALTER ROLE … SET."
        return UserError(Exit.USAGE, what, why=said, hint=hint, code="configuration")
    if fault_of(error) is Fault.NOT_A_DATABASE:
        what = "What SYNC_WORKER_DATABASE_URL names is no database, or a broken one."
        hint = "Correct the setting, or restore the database: sync-worker config show"
        return UserError(Exit.USAGE, what, why=said, hint=hint, code="configuration")
    if is_denied(error):
        return _denied(error, said)
    what, hint = "The database refused.", "Check SYNC_WORKER_DATABASE_URL: sync-worker config show"
    return UserError(Exit.UNEXPECTED, what, why=said, hint=hint)


def _denied(error: Any, said: FilledMessage) -> UserError:
    from sync_worker.registry.dialect import login_of
    from sync_worker.registry.errors import is_kept_from_triggers

    if is_kept_from_triggers(error):
        return UserError(
            Exit.REFUSED,
            "The database gives this session none of the triggers that log every change.",
            why=said,
            hint="ALTER ROLE … RESET session_replication_role, or ALTER DATABASE, as a superuser.",
            code="permission",
        )
    role, login = needed_by(getattr(error, _COMMAND, "")), login_of(error)
    lacks, hint = errors.LACKS_ROLE(role=role, login=login), errors.USE_ROLE(role=role)
    if role == OWNER:
        lacks, hint = errors.LACKS_OWNERSHIP(login=login), errors.USE_OWNER()
    why = errors.SAYS_AND(said=said, more=lacks)
    return UserError(Exit.REFUSED, errors.NOT_PERMITTED(), why=why, hint=hint, code="permission")


_ENDS: Mapping[str, Callable[[Any], UserError | None]] = {
    "click.exceptions.UsageError": _usage,
    "click.exceptions.Abort": _interrupted,
    "builtins.KeyboardInterrupt": _interrupted,
    "builtins.FileNotFoundError": _missing_file,
    "builtins.MemoryError": _out_of_memory,
    "builtins.OSError": _file,
    "sync_worker.files.atomic.NotARegularFile": _not_a_file,
    "builtins.UnicodeEncodeError": _not_utf8,
    "builtins.ModuleNotFoundError": _missing_module,
    "sync_worker.registry.dialect.engine.MissingDatabase": _missing_database,
    "sync_worker.registry.dialect.engine.NoPlaceForDatabase": _no_place,
    "sync_worker.config.postgresql_url.Unusable": _unusable_address,
    "sync_worker.registry.schema.WrongRevision": _wrong_revision,
    "sync_worker.registry.roles.NoRoles": _no_roles,
    "sync_worker.registry.roles.NotTheOwner": _not_the_owner,
    "sync_worker.registry.roles.OpenSchema": _open_schema,
    "sync_worker.operations.redrive.UnknownDeadLetters": _unknown_letters,
    "sync_worker.operations.redrive.ClosedDeadLetters": _closed_letters,
    "sync_worker.administration.boards.BoardChanged": _board_changed,
    "sync_worker.pipeline.apply.DatabaseRefusesRecords": _refuses_records,
    "sync_worker.operations.approve_holds.UnknownHold": _unknown_hold,
    "sync_worker.operations.approve_holds.HoldDecided": _hold_decided,
    "sync_worker.operations.approve_holds.HoldStillOpen": _hold_still_open,
    "sync_worker.operations.approve_holds.HoldChanged": _hold_changed,
    "sync_worker.administration.tak.TakChanged": _tak_changed,
    "sync_worker.administration.csv_files.decoding.Unreadable": _unreadable,
    "sync_worker.operations.stream_fold.FoldProcessLost": _part_lost,
    "sync_worker.operations.extract.BadExtract": _bad_extract,
    "sync_worker.operations.extract.ShortExtract": _short_extract,
    "sqlalchemy.exc.DBAPIError": _database,
    "sqlalchemy.exc.ResourceClosedError": _database,
}
"""By an exception's full name, the nearest base first; None passes it on to the next base."""
