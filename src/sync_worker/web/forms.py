"""What a form has sent, read within limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

_MOST_PART_BYTES = 16 * 2**10
_MOST_FIELDS = 250
"""A page's ticks, or the rows that are corrected on it, and some."""


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


async def read_form(request: Request, *, takes_file: bool) -> Form:
    """Read a request's form.

    Raises:
        HTTPException: 400 where it is not one, 413 where it is larger than the page takes.
    """
    options: dict[str, Any] = {
        "max_files": int(takes_file),
        "max_fields": _MOST_FIELDS,
        "max_part_size": _MOST_PART_BYTES,
    }
    async with request.form(**options) as data:
        return await _read(data)


async def _read(data: FormData) -> Form:
    fields, file = [], None
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            file = File(value.filename or "", await value.read())
        else:
            fields.append((name, value))
    return Form(fields, file)
