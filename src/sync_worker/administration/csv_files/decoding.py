"""Bytes to text: UTF-8 with or without its mark, UTF-16 with its mark, else Windows-1252.

A file that is not text is refused, with the way to save it as text.
"""

import codecs

from sync_worker.administration.messages import files as says
from sync_worker.administration.messages import plans
from sync_worker.errors import Exit, UserError
from sync_worker.language import FilledMessage, Message

_MARKS = (
    # UTF-32's mark begins as UTF-16's does.
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Of Excel's files before 2007, and of workbooks with a password."""
_OLD_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x10\x00")
"""Of Excel's files before it had OLE around them."""
_HEAD_BYTES = 4_096
_ONE_NUL_IN = 8
"""More NULs than one in so many bytes: it was never text in one of the encodings here."""


class Unreadable(UserError):
    """The file cannot be read; `what` is wrong with it, and `remedy` mends it."""

    message: FilledMessage
    hint: FilledMessage

    def __init__(self, what: FilledMessage, remedy: FilledMessage) -> None:
        super().__init__(Exit.USAGE, what, why=plans.NOTHING_CHANGED(), hint=remedy, code="file")


def decoded(content: bytes) -> str:
    """The text of a file.

    Raises:
        Unreadable: it is not text, or not in the encoding that its mark states.
    """
    _refuse_what_is_no_text(content)
    for mark, encoding, name in _MARKS:
        if content.startswith(mark):
            try:
                return content.removeprefix(mark).decode(encoding)
            except UnicodeDecodeError:
                broken = says.BROKEN_TEXT(encoding=name)
                raise Unreadable(broken, says.GET_WHOLE_FILE()) from None
    if content.count(0) * _ONE_NUL_IN > len(content):
        raise _refused(says.BINARY, says.SAVE_TEXT)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # Five bytes stand for nothing in Windows-1252; no HSA-id has one.
        return content.decode("cp1252", "replace")


def _refuse_what_is_no_text(content: bytes) -> None:
    if content.startswith(_ZIP):
        raise _packed_as_zip(content)
    if content.startswith((_OLE, *_OLD_BIFF)):
        raise _refused(says.WORKBOOK, says.SAVE_WORKBOOK)
    if content.startswith(b"\x1f\x8b"):
        raise Unreadable(says.COMPRESSED(kind="gzip"), says.UNPACK())
    head = content[:_HEAD_BYTES].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for start, kind in ((b"%pdf-", "PDF"), (b"{\\rtf", "RTF")):
        if head.startswith(start):
            raise Unreadable(says.DOCUMENT(kind=kind), says.SAVE_DOCUMENT())
    if head.startswith((b"<?xml", b"<!doctype", b"<html", b"<table", b"<head", b"<meta")):
        raise _refused(says.MARKUP, says.SAVE_WORKBOOK)


def _packed_as_zip(content: bytes) -> Unreadable:
    """Office files are zips; which one it is stands in the names that the zip lists."""
    if b"opendocument.spreadsheet" in content[:_HEAD_BYTES]:
        return _refused(says.SPREADSHEET, says.SAVE_SPREADSHEET)
    if b"xl/" in content or b"Index/Tables" in content:
        return _refused(says.WORKBOOK, says.SAVE_WORKBOOK)
    if b"word/" in content or b"opendocument.text" in content[:_HEAD_BYTES]:
        return Unreadable(says.DOCUMENT(kind="Word"), says.SAVE_DOCUMENT())
    return Unreadable(says.COMPRESSED(kind="zip"), says.UNPACK())


def _refused(what: Message, remedy: Message) -> Unreadable:
    return Unreadable(what(), remedy())
