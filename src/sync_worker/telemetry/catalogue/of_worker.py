"""The metrics of this worker as it is now: ready or not and why, and how far it has read.

They are sampled every second. NaN says that nobody can know now: it is greater and smaller than
nothing, so that no alert follows from it.
"""

from sync_worker.telemetry.catalogue.metric import PREFIX, Bounded, Kind, Metric, Question
from sync_worker.telemetry.health import NotReady

_OF_PARTITION = {"topic": Bounded.TOPIC, "partition": Bounded.PARTITION}
_GOES = "A partition that moves to another worker takes its series along."

READY = Metric(
    f"{PREFIX}ready",
    Kind.GAUGE,
    "Whether this worker keeps the registry true now: 1 if it does, 0 if not.",
    f"max({PREFIX}ready) == 0",
    note="As the probe `/readyz` says.",
    answers=(Question.WHY, Question.BACK),
)
NOT_READY = Metric(
    f"{PREFIX}not_ready",
    Kind.GAUGE,
    "Why this worker is not ready: 1 for each reason that applies now, else 0.",
    f"count by (reason) ({PREFIX}not_ready == 1)",
    {"reason": tuple(NotReady)},
    "Several reasons can apply at once. Their sentences are in `/readyz?verbose`.",
    (Question.WHY, Question.WHICH),
)
NOT_READY_SINCE = Metric(
    f"{PREFIX}not_ready_since_timestamp_seconds",
    Kind.GAUGE,
    "Since when this worker has not been ready, in seconds since 1970; 0 while it is.",
    f"time() - ({PREFIX}not_ready_since_timestamp_seconds > 0)",
    note="From one `ready` to the next, whatever the reasons between.",
    answers=(Question.SINCE,),
    unit="seconds",
)
POSITION = Metric(
    f"{PREFIX}position",
    Kind.GAUGE,
    "The offset of the next record to apply, of the partitions that are assigned to this worker.",
    f"max by (topic, partition) ({PREFIX}position)",
    _OF_PARTITION,
    f"Everything before it is in the registry, and stays there. {_GOES}",
    (Question.WHO, Question.LOST),
    "offsets",
)
END = Metric(
    f"{PREFIX}end",
    Kind.GAUGE,
    "The end of the log, of the partitions that are assigned to this worker.",
    f"max by (topic, partition) ({PREFIX}end)",
    _OF_PARTITION,
    "As last heard from Kafka, at most some seconds ago; NaN while it does not answer. Records of "
    "a transaction that its producer has not ended lie beyond it, with all that follow them: "
    f"`sync-worker status` counts them. {_GOES}",
    (Question.BEHIND, Question.LOST),
    "offsets",
)
LAG = Metric(
    f"{PREFIX}lag",
    Kind.GAUGE,
    "How many offsets are still to be applied, of the partitions assigned to this worker.",
    f"sum({PREFIX}lag)",
    _OF_PARTITION,
    f"NaN while Kafka does not answer, for nobody knows what it has. {_GOES}",
    (Question.BEHIND, Question.WHO),
    "offsets",
)
LAG_SECONDS = Metric(
    f"{PREFIX}lag_seconds",
    Kind.GAUGE,
    "How old the oldest record is that was not applied yet; 0 if all are.",
    f"max({PREFIX}lag_seconds)",
    _OF_PARTITION,
    "By the record's timestamp, once it was fetched. Until then it is an upper bound: the time "
    "since the log was last seen applied to its end, or since the last applied record was "
    "written. So it may exceed what `sync-worker status` says, which reads the record itself. "
    "While Kafka does not answer, it grows with the oldest record that is known of, and is NaN if "
    f"none is. {_GOES}",
    (Question.BEHIND, Question.WHO),
    "seconds",
)
CATCH_UP = Metric(
    f"{PREFIX}catch_up_seconds",
    Kind.GAUGE,
    "How long until this worker has applied all there is, at the rate of the last 15 seconds.",
    f"max({PREFIX}catch_up_seconds)",
    note="0 without lag, `+Inf` while the lag does not shrink, NaN while it is not known. An "
    "estimate.",
    answers=(Question.BACK,),
    unit="seconds",
)
LAST_COMMIT = Metric(
    f"{PREFIX}last_commit_timestamp_seconds",
    Kind.GAUGE,
    "When this worker last committed records, in seconds since 1970; NaN before the first time.",
    f"time() - max({PREFIX}last_commit_timestamp_seconds)",
    note="On a quiet topic this may be long ago, and nothing is wrong.",
    answers=(Question.SINCE,),
    unit="seconds",
)
REBUILDS = Metric(
    f"{PREFIX}rebuilds_total",
    Kind.COUNTER,
    "How many times the Kafka client hung or failed, and a new one was built.",
    f"increase({PREFIX}rebuilds_total[1h])",
    answers=(Question.ERRORS, Question.WHICH),
    unit="rebuilds",
)
REBALANCES = Metric(
    f"{PREFIX}rebalances_total",
    Kind.COUNTER,
    "How many times the group assigned partitions to this worker, or none.",
    f"increase({PREFIX}rebalances_total[30m])",
    note="One at the start, and one whenever a worker comes or goes.",
    answers=(Question.WHO,),
    unit="rebalances",
)
LINES_DROPPED = Metric(
    f"{PREFIX}log_lines_dropped_total",
    Kind.COUNTER,
    "Lines of the log that nobody took: its reader was stuck or gone, or its disk full.",
    f"increase({PREFIX}log_lines_dropped_total[1h]) > 0",
    note="No process waits for the reader of its log. The log event `lines_dropped` says how many "
    "are missing, where they are. A process of the administrators' page serves it too.",
    answers=(Question.ERRORS,),
    unit="lines",
)
BUILD_INFO = Metric(
    f"{PREFIX}build_info",
    Kind.INFO,
    "Which version of the program runs, on which version of Python.",
    f"count by (version) ({PREFIX}build_info)",
    {"version": Bounded.VERSION, "python": Bounded.PYTHON},
    answers=(Question.WHO,),
)

METRICS = (
    READY,
    NOT_READY,
    NOT_READY_SINCE,
    POSITION,
    END,
    LAG,
    LAG_SECONDS,
    CATCH_UP,
    LAST_COMMIT,
    REBUILDS,
    REBALANCES,
    LINES_DROPPED,
    BUILD_INFO,
)
