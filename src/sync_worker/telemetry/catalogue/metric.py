"""What is said of a metric: enough to make it, to document it, and to check those who query it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

PREFIX = "sync_worker_"


class Kind(StrEnum):
    """The types of Prometheus that are used here."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    AGES = "histogram of ages"
    """A histogram that observes many values at once."""
    INFO = "info"
    """A gauge that is always 1: its labels are what it says."""


class Bounded(StrEnum):
    """Label values that are few, and no text from outside, but known only where a process runs."""

    TOPIC = "the topics of the settings"
    PARTITION = "the numbers of their partitions"
    ROUTE = "the paths of the page's routes, as the log has them, and `other`"
    VERSION = "the version of the program"
    PYTHON = "the version of Python"


class Question(Enum):
    """What is asked in an outage."""

    WHICH = "Is it the database or Kafka?"
    SINCE = "Since when?"
    LOST = "Is anything lost?"
    BEHIND = "How far behind is it, in records and in seconds?"
    WHO = "Which worker has which partitions?"
    DEAD_LETTERED = "What is dead-lettered?"
    WHY = "Why is it not ready?"
    WAITING = "Which clinics wait?"
    ERRORS = "How many errors are there?"
    BACK = "When is it back?"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. A label has the values that are listed, or those that `Bounded` describes."""

    name: str
    """As it is scraped and queried; a histogram has its series by `_bucket`, `_sum`, `_count`."""
    kind: Kind
    help: str
    """The sentence that is served with it."""
    query: str
    """An example, in PromQL."""
    labels: Mapping[str, tuple[str, ...] | Bounded] = field(default_factory=dict)
    note: str = ""
    """What else a reader of its values should know."""
    answers: tuple[Question, ...] = ()
    unit: str = ""
    buckets: tuple[float, ...] = ()
    """The upper bounds of a histogram."""

    @property
    def is_known_at_start(self) -> bool:
        """Whether all label values are listed: then every series is there from the start."""
        return not any(isinstance(values, Bounded) for values in self.labels.values())
