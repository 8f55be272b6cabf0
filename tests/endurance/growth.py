"""How fast a series of measurements grows, and how sure that is.

The memory of a process wanders: it rises in steps, and one measurement is like the one before. So
the slope alone says little. Its standard error is widened by how alike neighbours are, and what is
asserted is the upper end of the interval: that memory has been shown not to grow, not merely that
growth has not been shown.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from statistics import fmean, linear_regression, median
from typing import NamedTuple

BLOCKS = 24
_DEGREES_OF_FREEDOM = BLOCKS - 2
_T = 3.505
"""The quantile of Student's distribution that one in a thousand exceeds, for these blocks.

Stricter than the 99 per cent that are claimed: memory that moves in steps is more alike over longer
distances than neighbours tell.
"""
_MOST_ALIKE = 0.9
"""Beyond this a series is too short to say anything."""


class Growth(NamedTuple):
    """The slope, and the bounds between which it lies, each with 99 per cent."""

    least: float
    slope: float
    most: float


def growth(points: Sequence[tuple[float, float]]) -> Growth:
    """The growth of y with x, of at least as many points as there are blocks, in order.

    Blocks of points are represented by their medians, so that a spike does not count.
    """
    xs, ys = zip(*(_middle(block) for block in _blocks(points)), strict=True)
    slope, intercept = linear_regression(xs, ys)
    residuals = [y - slope * x - intercept for x, y in zip(xs, ys, strict=True)]
    squares = sum(residual**2 for residual in residuals)
    spread = sum((x - fmean(xs)) ** 2 for x in xs)
    error = sqrt(squares / _DEGREES_OF_FREEDOM / spread) * _widening(residuals, squares)
    return Growth(slope - _T * error, slope, slope + _T * error)


def _blocks(points: Sequence[tuple[float, float]]) -> list[Sequence[tuple[float, float]]]:
    bounds = [round(number * len(points) / BLOCKS) for number in range(BLOCKS + 1)]
    return [points[start:end] for start, end in pairwise(bounds)]


def _middle(block: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return fmean(x for x, _ in block), median(y for _, y in block)


def _widening(residuals: Sequence[float], squares: float) -> float:
    """By how much the error is greater than that of as many independent measurements."""
    if not squares:
        return 1.0
    alike = sum(one * next_ for one, next_ in pairwise(residuals)) / squares
    alike += (1 + 4 * alike) / BLOCKS  # short series look less alike than they are (Kendall)
    alike = min(max(alike, 0.0), _MOST_ALIKE)
    return sqrt((1 + alike) / (1 - alike))
