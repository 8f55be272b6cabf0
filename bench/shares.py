"""Where the worker's time goes: the samples of a profiler, by what the worker was doing. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator

_DOINGS = (
    ("starting: imports", ("_find_and_load",)),
    ("guard: reading its state", ("lock (sync_worker/registry/guard_state.py",)),
    ("guard: writing its state", ("sync_worker/registry/guard_state.py",)),
    ("guard: deciding", ("GuardedMerger.",)),
    ("merging", ("sync_worker/pipeline/merge.py",)),
    ("reading records", ("sync_worker/streams/kafka/", " (kafka/")),
    ("decoding", ("Applier.decode", "sync_worker/events/")),
    ("locking and reading clinics", ("lock_or_create", "sync_worker/registry/merge_context.py")),
    ("writing", ("write_together", "TransactionWriter._store")),
    ("collecting garbage", ("sync_worker/pipeline/gc_control.py",)),
)
"""The first whose mark stands in a stack is what is counted."""
_REST = "the rest"


def shares(samples: Iterable[str]) -> Iterator[str]:
    """A line for each doing, the largest share first.

    A sample is a stack, its calls joined by semicolons, a blank, and how often it was seen.
    """
    seen: Counter[str] = Counter()
    for sample in samples:
        stack, _, times = sample.rpartition(" ")
        seen[_doing(stack)] += int(times)
    for doing, count in seen.most_common():
        yield f"{doing:<32}{count / seen.total():>6.1%}"


def _doing(stack: str) -> str:
    for doing, marks in _DOINGS:
        if any(mark in stack for mark in marks):
            return doing
    return _REST
