"""How many files are read at once: reading one takes memory, and keeps the others waiting."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_MOST_AT_ONCE = 2


class Busy(Exception):
    """No file can be read now; `is_own` where one of the same person's is being read."""

    def __init__(self, *, is_own: bool) -> None:
        super().__init__()
        self.is_own = is_own


class Uploads:
    """The files that this process reads: one of a person, and two of all."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._actors: set[str] = set()

    @contextmanager
    def one_of(self, actor: str) -> Iterator[None]:
        """Read a file of somebody's inside.

        Raises:
            Busy: there are too many already.
        """
        with self._lock:
            if actor in self._actors or len(self._actors) >= _MOST_AT_ONCE:
                raise Busy(is_own=actor in self._actors)
            self._actors.add(actor)
        try:
            yield
        finally:
            with self._lock:
                self._actors.remove(actor)
