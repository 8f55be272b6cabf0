"""Sequences taken in parts: in batches of a size, or in ever smaller halves."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in order, so many at a time, as they come; the last batch may have fewer."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


@dataclass(slots=True)
class Tally:
    """How many of a number of items are done; another thread may read it at any moment."""

    total: int = 0
    done: int = 0

    def fraction(self) -> float:
        """How much is done, from 0 to 1."""
        return self.done / self.total if self.total else 0.0


class Divisible(Protocol):
    """Whatever has a length and can be cut into parts."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> Self: ...


Part = TypeVar("Part", bound=Divisible)


def bisected(items: Part, attempt: Callable[[Part], Result | None]) -> Iterator[Result]:
    """What `attempt` gives for all items; where that is None, for either half, in order.

    It is given ever smaller parts, and must not give None for one of a single item.
    """
    result = attempt(items)
    if result is not None:
        yield result
        return
    middle = len(items) // 2
    yield from bisected(items[:middle], attempt)
    yield from bisected(items[middle:], attempt)
