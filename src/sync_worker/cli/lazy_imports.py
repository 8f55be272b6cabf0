"""The one place where imports are put off, so that `--help` is instant.

What a command does takes SQLAlchemy, pydantic or Kafka's client, which take most of a second to
import; to describe its options takes none of them. So while a command's module is imported, the
modules below the command line are not executed, by the standard library's `LazyLoader`: all of them
are once the command is called. For that, a command's module imports modules (`from … import
queries`), and uses nothing of them before. Its annotations are not evaluated.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

_EXECUTED_AT_ONCE = ("sync_worker.cli", "sync_worker.errors", "sync_worker.language")


_pending: list[str] = []


class _LazyFinder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith("sync_worker.") or fullname.startswith(_EXECUTED_AT_ONCE):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
            _pending.append(fullname)
        return spec


@contextmanager
def lazy_imports() -> Iterator[None]:
    """While the body runs, modules below the command line are imported without being executed."""
    finder = _LazyFinder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def execute_pending() -> None:
    """Execute what was imported so, before a command has threads.

    Before Python 3.11.8 and 3.12.2 `LazyLoader` executes a module twice that two threads are the
    first to use at once.
    """
    while _pending:
        getattr(sys.modules[_pending.pop()], "__name__")  # noqa: B009 - any attribute executes it
