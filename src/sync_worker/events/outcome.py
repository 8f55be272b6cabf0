"""The outcomes of records. Counts, metrics and what the commands print are all by outcome."""

from enum import StrEnum


class Outcome(StrEnum):
    """What became of a record; every record has exactly one (contract 1).

    The values are the names of columns, labels and JSON members.
    """

    APPLIED = "applied"
    SUPERSEDED = "superseded"
    IGNORED = "ignored"
    DEAD_LETTERED = "dead_lettered"
