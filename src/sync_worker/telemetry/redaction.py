"""The one redaction: masks the secrets of this process in messages that others worded.

A driver, a client or a broker may quote a password. So its messages pass through here before they
reach stderr, stdout, the log, or the HTTP server.
"""

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from sync_worker.printable import printable_text

MASK = "***"

_MIN_LENGTH_MASKED_ANYWHERE = 8
_MIN_LENGTH_MASKED_AS_WORD = 4
_DELIMITERS = re.compile(r"[@:/?#\[\]%&=+,;\s]+")


class Redaction:
    """Masks secrets, in every form that they can have in a text. Usable from any thread.

    A secret of eight or more characters is masked anywhere, one of four or more where it is a whole
    word, and a shorter one only where a password would be: masked elsewhere, the gaps would give it
    away. Parts of a secret are secrets too, since a parser that takes it for a URL may quote them.
    """

    def __init__(self, current: Callable[[], Iterable[str]] = tuple) -> None:
        """`current` returns the secrets of now; former ones stay secret."""
        self._current = current
        self._secrets: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def __call__(self, text: str) -> str:
        """The text with every secret masked."""
        self._update_pattern()
        return self._masked(text)

    def values(self, value: Any) -> Any:
        """A JSON value with secrets masked in every text, except in names."""
        self._update_pattern()
        return self._masked_values(value)

    def processor(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Mask all fields but the event name, which operators search for; for structlog."""
        masked: dict[str, Any] = self.values(dict(event))
        return masked | {"event": event["event"]}

    def _update_pattern(self) -> None:
        secrets = self._secrets.union(self._current())
        if secrets != self._secrets:
            self._pattern = _pattern({form for secret in secrets for form in _forms(secret)})
            self._secrets = secrets

    def _masked(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text

    def _masked_values(self, value: Any) -> Any:
        match value:
            case str():
                return self._masked(value)
            case dict():
                return {name: self._masked_values(inner) for name, inner in value.items()}
            case list() | tuple():
                return [self._masked_values(inner) for inner in value]
            case _:
                return value


def _forms(secret: str) -> Iterator[str]:
    """A secret and its parts, as they are and percent-decoded, each in the ways of quoting it."""
    for decoded in {secret, unquote(secret)}:
        for text in {decoded, *_parts(decoded)}:
            yield text
            yield from (quote(text, safe=""), quote(text), quote_plus(text))
            yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
            yield from (repr(text)[1:-1], text.encode("unicode_escape").decode("ascii"))


def _parts(secret: str) -> Iterator[str]:
    """The parts before, after and between delimiters that are long enough to tell something."""
    cuts = list(_DELIMITERS.finditer(secret))
    before, after = (secret[: cut.start()] for cut in cuts), (secret[cut.end() :] for cut in cuts)
    parts = (*before, *after, *_DELIMITERS.split(secret))
    return (part for part in parts if len(part) >= _MIN_LENGTH_MASKED_AS_WORD)


def _pattern(forms: Iterable[str]) -> re.Pattern[str] | None:
    # The longest first, so that a part does not match before the whole.
    ordered = sorted(filter(None, forms), key=len, reverse=True)
    return re.compile("|".join(map(_form_pattern, ordered))) if ordered else None


def _form_pattern(form: str) -> str:
    escaped = re.escape(form)
    if len(form) >= _MIN_LENGTH_MASKED_ANYWHERE:
        return escaped
    if len(form) >= _MIN_LENGTH_MASKED_AS_WORD:
        return rf"(?<!\w){escaped}(?!\w)"
    return rf"(?<=:){escaped}(?=@)|(?i:(?<=password=)){escaped}(?!\w)"


class _RedactingFormatter(logging.Formatter):
    def __init__(self, redaction: Redaction) -> None:
        super().__init__()
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        return printable_text(self._redaction(super().format(record)))


def redact_library_logs(redaction: Redaction) -> None:
    """Redact what libraries log, tracebacks included, which Python writes to stderr."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_RedactingFormatter(redaction))
