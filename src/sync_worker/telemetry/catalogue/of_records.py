"""The metrics of what this process has read, applied, retried and met: counted since its start."""

from sync_worker.events.decode_result import Reason
from sync_worker.events.models import MODELS
from sync_worker.events.outcome import Outcome
from sync_worker.pipeline.phases import Phase
from sync_worker.telemetry.catalogue.metric import PREFIX, Bounded, Kind, Metric, Question
from sync_worker.telemetry.health import NotReady

OTHER_TYPES = "other"

RECORDS = Metric(
    f"{PREFIX}records_total",
    Kind.COUNTER,
    "Records read, by outcome.",
    f"sum by (outcome) (rate({PREFIX}records_total[5m]))",
    {"outcome": tuple(Outcome)},
    "Each record has exactly one outcome, so their sum is what was read. A record is counted once, "
    "by the worker that committed it. The status of the program has the counts of all time.",
    (Question.LOST, Question.BACK),
    "records",
)
DEAD_LETTERS = Metric(
    f"{PREFIX}dead_letters_total",
    Kind.COUNTER,
    "Records dead-lettered, by reason.",
    f"sum by (reason) (increase({PREFIX}dead_letters_total[1h]))",
    {"reason": tuple(Reason)},
    "Nothing is lost by it: the record is kept byte for byte.",
    (Question.DEAD_LETTERED, Question.ERRORS),
    "records",
)
UNKNOWN_TYPES = Metric(
    f"{PREFIX}unknown_types_total",
    Kind.COUNTER,
    "Records ignored because their type is unknown, by the known type that theirs resembles.",
    f'sum by (looks_like) (increase({PREFIX}unknown_types_total{{looks_like!="other"}}[1d])) > 0',
    {"topic": Bounded.TOPIC, "looks_like": (*MODELS, OTHER_TYPES)},
    "`other` are the types that resemble none, and all beyond the first 20 that a process meets. "
    "The types themselves are text from outside, so no label has them: the log event "
    "`unknown_type` and the doctor name them.",
    (Question.ERRORS,),
    "records",
)
MOVED_WITHOUT_BOARD = Metric(
    f"{PREFIX}moved_without_board_total",
    Kind.COUNTER,
    "Registered clinics that moved into a region without a patient board.",
    f"increase({PREFIX}moved_without_board_total[1h]) > 0",
    note="Nobody in that region can file a complaint about them. The log event of the same name "
    "says which.",
    answers=(Question.WAITING,),
    unit="moves",
)
PATIENT_BOARD_NAMED = Metric(
    f"{PREFIX}patient_board_named_total",
    Kind.COUNTER,
    "Events that name a patient board's HSA-id.",
    f"increase({PREFIX}patient_board_named_total[1h]) > 0",
    note="The board was not changed.",
    answers=(Question.ERRORS,),
    unit="events",
)
AHEAD_OF_CLOCK = Metric(
    f"{PREFIX}ahead_of_clock_total",
    Kind.COUNTER,
    "Events applied although they were more than a minute ahead of the clock.",
    f"increase({PREFIX}ahead_of_clock_total[1h]) > 0",
    answers=(Question.ERRORS,),
    unit="events",
)
HELD_FACTS = Metric(
    f"{PREFIX}held_facts_total",
    Kind.COUNTER,
    "Facts held because too many clinics of the region changed.",
    f"increase({PREFIX}held_facts_total[1h]) > 0",
    answers=(Question.WAITING,),
    unit="facts",
)
EVENT_AGE = Metric(
    f"{PREFIX}event_age_seconds",
    Kind.AGES,
    "How old a record was when it was committed to the registry: the time since its timestamp.",
    f"histogram_quantile(0.99, sum by (le) (rate({PREFIX}event_age_seconds_bucket[5m])))",
    note="Every record with a timestamp counts, also one that changed nothing. After an outage, "
    "this is how late its records were. A timestamp ahead of our clock counts as 0 s.",
    answers=(Question.BEHIND,),
    unit="seconds",
    buckets=(
        *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
        *(60.0, 300.0, 1800.0, 3600.0, 86_400.0),
    ),
)
BATCHES = Metric(
    f"{PREFIX}batches_total",
    Kind.COUNTER,
    "Transactions committed.",
    f"rate({PREFIX}batches_total[5m])",
    unit="transactions",
    answers=(Question.BACK,),
)
TRANSACTION_RECORDS = Metric(
    f"{PREFIX}transaction_records",
    Kind.HISTOGRAM,
    "How many records a transaction took.",
    f"rate({PREFIX}transaction_records_sum[5m]) / rate({PREFIX}transaction_records_count[5m])",
    note="One or a few at the head of the log, thousands while a backlog is read.",
    unit="records",
    buckets=(0.0, 1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1e3, 5e3, 1e4, 5e4),
)
TRANSACTION_SECONDS = Metric(
    f"{PREFIX}transaction_seconds",
    Kind.HISTOGRAM,
    "How long each phase of a committed transaction took.",
    f"sum by (phase) (rate({PREFIX}transaction_seconds_sum[5m]))",
    {"phase": tuple(Phase)},
    "`decode` its records, `lock` what it is about and read it, `merge` the records into that, "
    "`write` what changed, `commit`. A long `lock` is another process's transaction, a long "
    "`commit` the disk or a replica that is waited for. Attempts that failed are not in it.",
    (Question.WHICH,),
    "seconds",
    buckets=(
        *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
        *(1.0, 2.5, 5.0, 10.0, 30.0),
    ),
)
OUTPACED = Metric(
    f"{PREFIX}outpaced_total",
    Kind.COUNTER,
    "Transactions rolled back because another worker moved a position first.",
    f"increase({PREFIX}outpaced_total[15m]) > 10",
    note="Some at a rebalance are normal, and count nothing twice.",
    answers=(Question.WHO,),
    unit="transactions",
)
REGISTRY_WENT_BACK = Metric(
    f"{PREFIX}registry_went_back_total",
    Kind.COUNTER,
    "Times that the registry lacked what had been committed: a failover, a restored copy.",
    f"increase({PREFIX}registry_went_back_total[1h]) > 0",
    note="What events say is read again; what people did since is gone "
    "([Failover](operations.md#failover-a-standby-takes-over)).",
    answers=(Question.LOST,),
    unit="times",
)
RETRIES = Metric(
    f"{PREFIX}retries_total",
    Kind.COUNTER,
    "Attempts that failed and are retried, by cause.",
    f"sum by (cause) (increase({PREFIX}retries_total[5m]))",
    {
        "cause": (
            NotReady.DATABASE_UNAVAILABLE,
            NotReady.DATABASE_REFUSED,
            NotReady.DATABASE_SLOW,
            NotReady.KAFKA_UNAVAILABLE,
            NotReady.KAFKA_REFUSED,
        )
    },
    "The causes are named as in `sync_worker_not_ready`. Of Kafka, they are the requests by which "
    "the worker asks every few seconds whether it is there.",
    (Question.WHICH, Question.ERRORS),
    "attempts",
)
WAITS = Metric(
    f"{PREFIX}waits_total",
    Kind.COUNTER,
    "Attempts that failed because the database or Kafka was unavailable.",
    f"increase({PREFIX}waits_total[5m])",
    note="The sum of `sync_worker_retries_total` over its causes.",
    answers=(Question.ERRORS,),
    unit="attempts",
)

METRICS = (
    RECORDS,
    DEAD_LETTERS,
    UNKNOWN_TYPES,
    MOVED_WITHOUT_BOARD,
    PATIENT_BOARD_NAMED,
    AHEAD_OF_CLOCK,
    HELD_FACTS,
    EVENT_AGE,
    BATCHES,
    TRANSACTION_RECORDS,
    TRANSACTION_SECONDS,
    OUTPACED,
    REGISTRY_WENT_BACK,
    RETRIES,
    WAITS,
)
