"""What a form has sent, read within limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartParser
from starlette.requests import Request
from starlette.types import Message, Receive

MOST_FILE_BYTES = 5 * 2**20
_MOST_PART_BYTES = 16 * 2**10
_MOST_FIELDS = 250
"""A page's ticks, or the rows that are corrected on it, and some."""
# Nothing of a file is written to a disk. The parser has no other way to be told.
MultiPartParser.spool_max_size = 2 * MOST_FILE_BYTES


class TooMuch(Exception):
    """A request is larger than its page takes."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that was sent: its bytes, in memory, and what the browser calls it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, as text."""

    fields: Sequence[tuple[str, str]] = ()
    file: File | None = None

    def text(self, name: str) -> str:
        """A field without the blanks around it; empty where it is missing."""
        return next((value.strip() for key, value in self.fields if key == name), "")

    def texts(self, name: str) -> list[str]:
        """A field that can be there several times, such as the boxes of a list that are ticked."""
        return [value for key, value in self.fields if key == name]

    def number(self, name: str) -> int:
        """A whole number; 0 where the field has none."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


async def read_form(request: Request, *, takes_file: bool, max_body_bytes: int) -> Form:
    """Read a request's form.

    Raises:
        HTTPException: 400 where it is not one.
        TooMuch: it has more than `max_body_bytes`; what is stated to be larger is not read at all.
    """
    # Starlette's own limit answers without a page where the size is stated.
    if _stated_bytes(request) > max_body_bytes:
        raise TooMuch
    limited = Request(request.scope, _within(request.receive, max_body_bytes))
    options: dict[str, Any] = {
        "max_files": int(takes_file),
        "max_fields": _MOST_FIELDS,
        "max_part_size": _MOST_PART_BYTES,
    }
    async with limited.form(**options) as data:
        return await _read(data)


async def _read(data: FormData) -> Form:
    fields, file = [], None
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            file = File(value.filename or "", await value.read())
        else:
            fields.append((name, value))
    return Form(fields, file)


def _stated_bytes(request: Request) -> int:
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdecimal() else 0


def _within(receive: Receive, max_body_bytes: int) -> Receive:
    """Receives no more than so much."""
    received = 0

    async def receive_within() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > max_body_bytes:
            raise TooMuch
        return message

    return receive_within
