"""Files that administrators and support give, found and read."""

import sys
from pathlib import Path
from typing import IO

from sync_worker.administration.csv_files.reader import MOST_MIB, FileContents, read
from sync_worker.administration.messages import clinics as says_of_clinics
from sync_worker.administration.messages import files as says
from sync_worker.administration.messages.plans import NOTHING_CHANGED
from sync_worker.cli import messages
from sync_worker.cli.output import Output
from sync_worker.domain import hsa_id as hsa_ids
from sync_worker.errors import Exit, UserError, Words

STDIN = "-"
_MOST_BYTES = MOST_MIB * 2**20
_MOST_NAMED = 5
"""So many wrong check digits are told one by one."""


def contents(file: str) -> FileContents:
    """What stands in FILE, or on stdin where it is `-`.

    Raises:
        UserError: it is not there, or cannot be opened.
        Unreadable: it is no text or csv file, or a broken one.
    """
    try:
        if file == STDIN:
            return read(stdin().read(_MOST_BYTES + 1))
        with Path(file).open("rb") as opened:
            return read(opened.read(_MOST_BYTES + 1))
    except FileNotFoundError:
        missing = messages.NO_FILE(path=file)
        hint = messages.CHECK_PATH()
        raise UserError(Exit.NOT_FOUND, missing, hint=hint) from None
    except (OSError, ValueError) as error:
        unreadable = says.UNREADABLE_PATH(path=name_of(file), why=why(error))
        hint = says.CHECK_PERMISSIONS()
        raise UserError(Exit.USAGE, unreadable, hint=hint, code="file") from None


def stdin() -> IO[bytes]:
    """Standard input, as bytes.

    Raises:
        UserError: it is closed.
    """
    if sys.stdin is None:
        raise UserError(
            Exit.USAGE,
            says.NO_STDIN(),
            why=NOTHING_CHANGED(),
            hint=says.GIVE_STDIN(),
            code="file",
        )
    return sys.stdin.buffer


def name_of(file: str) -> Words:
    """What the file is called in a sentence."""
    return says_of_clinics.STANDARD_INPUT() if file == STDIN else file


def tell_remarks(output: Output, given: FileContents) -> None:
    """Say how the file was read where that is not plain, and what is odd about its ids."""
    for remark in given.remarks:
        output.attention(remark)
    odd: dict[str, int] = {}
    for entry in given.entries:
        hsa_id = hsa_ids.cleaned(entry.text)
        if hsa_ids.has_the_form(hsa_id) and not hsa_ids.check_digit_is_right(hsa_id):
            odd.setdefault(hsa_id, entry.line)
    if len(odd) > _MOST_NAMED:
        lines = ", ".join(map(str, odd.values()))
        output.attention(says.CHECK_DIGITS(count=len(odd), lines=lines))
        return
    for hsa_id in odd:
        output.attention(says.CHECK_DIGIT(hsa_id=hsa_id))


def why(error: Exception) -> str:
    """What the operating system says of it."""
    return getattr(error, "strerror", None) or str(error)
