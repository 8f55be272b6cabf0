"""The one redaction: masks the secrets of this process in whatever is told of an error.

What a driver, a client or a broker says is not ours to trust: everything that it says passes here
before it reaches stderr, stdout, the log, or the HTTP port.
"""

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from sync_worker.printable import printable_text

MASK = "***"

_EVERYWHERE = 8
_AS_A_WORD = 4
_DELIMITERS = re.compile(r"[@:/?#\[\]%&=+,;\s]+")


class Redaction:
    """Knows secrets, in every form in which they can stand in a text; usable from any thread.

    One of eight characters or more is masked wherever it stands, one of four or more where it is a
    word of its own. A shorter one is masked only where a password stands: masked everywhere it
    would be told by what is missing. Parts of a secret, as a parser that takes it for an address
    would tell them, are secrets too.
    """

    def __init__(self, known: Callable[[], Iterable[str]] = tuple) -> None:
        """`known` gives the secrets that there are now; those that there were stay secret."""
        self._known = known
        self._secrets: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def __call__(self, text: str) -> str:
        """The text with every secret masked."""
        self._look()
        return self._masked(text)

    def values(self, value: Any) -> Any:
        """A value of JSON with every text in it masked, names excepted."""
        self._look()
        return self._masked_values(value)

    def processor(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """For structlog: all fields but the event's name, by which operators search."""
        masked: dict[str, Any] = self.values(dict(event))
        return masked | {"event": event["event"]}

    def _look(self) -> None:
        secrets = self._secrets.union(self._known())
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
    """A secret as it was written and as it is meant, its parts, and each as texts quote it."""
    for meant in {secret, unquote(secret)}:
        for text in {meant, *_parts(meant)}:
            yield text
            yield from (quote(text, safe=""), quote(text), quote_plus(text))
            yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
            yield from (repr(text)[1:-1], text.encode("unicode_escape").decode("ascii"))


def _parts(secret: str) -> Iterator[str]:
    """What stands before, after and between delimiters; what is too short tells nothing."""
    cuts = list(_DELIMITERS.finditer(secret))
    before, after = (secret[: cut.start()] for cut in cuts), (secret[cut.end() :] for cut in cuts)
    parts = (*before, *after, *_DELIMITERS.split(secret))
    return (part for part in parts if len(part) >= _AS_A_WORD)


def _pattern(forms: Iterable[str]) -> re.Pattern[str] | None:
    """The longest first: a part must not spoil the whole."""
    found = [_one(form) for form in sorted(filter(None, forms), key=len, reverse=True)]
    return re.compile("|".join(found)) if found else None


def _one(form: str) -> str:
    escaped = re.escape(form)
    if len(form) >= _EVERYWHERE:
        return escaped
    if len(form) >= _AS_A_WORD:
        return rf"(?<!\w){escaped}(?!\w)"
    return rf"(?<=:){escaped}(?=@)|(?i:(?<=password=)){escaped}(?!\w)"


# What libraries log by themselves: Python writes it to stderr, and here it is redacted first.


class _Redacted(logging.Formatter):
    def __init__(self, redaction: Redaction) -> None:
        super().__init__()
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        return printable_text(self._redaction(super().format(record)))


def redact_library_logs(redaction: Redaction) -> None:
    """Have everything that nobody else handles pass the redaction, tracebacks too."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_Redacted(redaction))
