"""A record's bytes as text in JSON: as they read, or in base64 where they are not UTF-8.

So archives have them (contract 2), and so people are shown them (contract 4, `deadletters show`).
"""

import base64
from collections.abc import Callable

from sync_worker.events.record import Headers


def content_item(name: str, content: bytes | None) -> dict[str, str | None]:
    """Bytes under `name`, or in base64 under `<name>_b64`."""
    try:
        return {name: None if content is None else content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_b64": to_base64(content or b"")}


def headers_item(headers: Headers) -> dict[str, list[str | None]]:
    """Headers as a flat list of name, value and so on, all values of them in one form."""
    try:
        return {"headers": _flat(headers, bytes.decode)}
    except UnicodeDecodeError:
        return {"headers_b64": _flat(headers, to_base64)}


def to_base64(content: bytes) -> str:
    """The bytes in base64."""
    return base64.b64encode(content).decode("ascii")


def _flat(headers: Headers, as_text: Callable[[bytes], str]) -> list[str | None]:
    flat: list[str | None] = []
    for name, value in headers:
        flat += (name, None if value is None else as_text(value))
    return flat
