"""The metrics of the registry, which all workers share: each of them says the same.

So a query takes their `max`, never their `sum`. They are sampled every fifteen seconds, and more
rarely where that takes a database long. While it does not answer they stay as they were, which is
how the registry stays, too: `sync_worker_registry_sampled_timestamp_seconds` says of when they are.
"""

from sync_worker.domain.clinic_status import Status
from sync_worker.events.decode_result import Reason
from sync_worker.registry.workers import WorkerState
from sync_worker.telemetry.catalogue.metric import PREFIX, Kind, Metric, Question

OPEN_DEAD_LETTERS = Metric(
    f"{PREFIX}open_dead_letters",
    Kind.GAUGE,
    "Dead letters that wait for a person, by reason.",
    f"max by (reason) ({PREFIX}open_dead_letters) > 0",
    {"reason": tuple(Reason)},
    answers=(Question.DEAD_LETTERED, Question.LOST),
    unit="records",
)
OPEN_HOLDS = Metric(
    f"{PREFIX}open_holds",
    Kind.GAUGE,
    "Mass changes that wait for a person.",
    f"max({PREFIX}open_holds) > 0",
    note="Whichever worker held them.",
    answers=(Question.WAITING,),
    unit="holds",
)
HELD_CLINICS = Metric(
    f"{PREFIX}held_clinics",
    Kind.GAUGE,
    "Clinics of which a change waits for a person.",
    f"max({PREFIX}held_clinics)",
    note="Which they are, no label may say: the list of holds does.",
    answers=(Question.WAITING,),
    unit="clinics",
)
CLINICS = Metric(
    f"{PREFIX}clinics",
    Kind.GAUGE,
    "Clinics that the e-services ever named, by their status.",
    f"max by (status) ({PREFIX}clinics)",
    {"status": tuple(Status)},
    "`receiving` are those that the complaints service shows.",
    (Question.WAITING, Question.LOST),
    "clinics",
)
REGIONS = Metric(
    f"{PREFIX}regions_service_on",
    Kind.GAUGE,
    "Regions in use whose service is on: those with a patient board.",
    f"max({PREFIX}regions_service_on)",
    answers=(Question.WAITING,),
    unit="regions",
)
WORKERS = Metric(
    f"{PREFIX}workers",
    Kind.GAUGE,
    "Workers that report to the registry, by how they are.",
    f'max({PREFIX}workers{{state="ready"}}) == 0',
    {"state": tuple(WorkerState)},
    "`silent` is a worker that was not stopped and reports no more: killed, frozen, or cut off "
    "from the database.",
    (Question.WHO, Question.WHY),
    "workers",
)
NEWEST_EVENT = Metric(
    f"{PREFIX}newest_event_timestamp_seconds",
    Kind.GAUGE,
    "The latest time that any applied event states, in seconds since 1970; NaN before the first.",
    f"time() - max({PREFIX}newest_event_timestamp_seconds)",
    note="On a quiet topic this may be long ago, and nothing is wrong.",
    answers=(Question.BEHIND, Question.LOST),
    unit="seconds",
)
LAST_RECONCILE = Metric(
    f"{PREFIX}last_reconcile_timestamp_seconds",
    Kind.GAUGE,
    "When the registry was last compared with a stream and the result recorded, in seconds since "
    "1970; NaN before the first time.",
    f"time() - max({PREFIX}last_reconcile_timestamp_seconds) > 8 * 86400",
    answers=(Question.LOST,),
    unit="seconds",
)
LAST_RECONCILE_DRIFT = Metric(
    f"{PREFIX}last_reconcile_drift",
    Kind.GAUGE,
    "How many facts and registrations differed then and were not repaired; NaN before the first "
    "time.",
    f"max({PREFIX}last_reconcile_drift) > 0",
    answers=(Question.LOST,),
    unit="facts",
)
SAMPLED = Metric(
    f"{PREFIX}registry_sampled_timestamp_seconds",
    Kind.GAUGE,
    "Of when the metrics of the registry are, in seconds since 1970; NaN before the first time.",
    f"time() - {PREFIX}registry_sampled_timestamp_seconds > 300",
    answers=(Question.WHICH,),
    unit="seconds",
)
SAMPLING_FAILURES = Metric(
    f"{PREFIX}sampling_failures_total",
    Kind.COUNTER,
    "How many times metrics could not be sampled.",
    f"increase({PREFIX}sampling_failures_total[15m]) > 3",
    note="The worker works on. It does not sample the registry while it knows that the database "
    "cannot be used.",
    answers=(Question.ERRORS,),
    unit="samples",
)

METRICS = (
    OPEN_DEAD_LETTERS,
    OPEN_HOLDS,
    HELD_CLINICS,
    CLINICS,
    REGIONS,
    WORKERS,
    NEWEST_EVENT,
    LAST_RECONCILE,
    LAST_RECONCILE_DRIFT,
    SAMPLED,
    SAMPLING_FAILURES,
)
