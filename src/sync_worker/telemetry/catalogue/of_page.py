"""The metrics of a process that serves the administrators' page: counted since its start."""

from sync_worker.domain.admission import AdmissionOutcome, Refusal
from sync_worker.telemetry.catalogue.metric import PREFIX, Bounded, Kind, Metric, Question

OTHER = "other"
_PAGE = f"{PREFIX}page_"

REQUESTS = Metric(
    f"{_PAGE}requests_total",
    Kind.COUNTER,
    "Requests answered by the administrators' page, by route, method and class of status.",
    f'sum(increase({_PAGE}requests_total{{status="5xx"}}[5m])) > 0',
    {
        "route": Bounded.ROUTE,
        "method": ("get", "head", "post", OTHER),
        "status": ("1xx", "2xx", "3xx", "4xx", "5xx"),
    },
    "Probes count too. `other` is what no route answers.",
    (Question.ERRORS,),
    "requests",
)
REQUEST_SECONDS = Metric(
    f"{_PAGE}request_seconds",
    Kind.HISTOGRAM,
    "How long the administrators' page took to answer a request.",
    f"histogram_quantile(0.99, sum by (le, route) (rate({_PAGE}request_seconds_bucket[5m])))",
    {"route": Bounded.ROUTE},
    "From its first byte to the last one of the answer: a file that is sent slowly counts.",
    (Question.WHICH,),
    "seconds",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
DEEDS = Metric(
    f"{_PAGE}deeds_total",
    Kind.COUNTER,
    "Clinics that were added or removed on the page, one by one or by a confirmed plan, by result.",
    f"sum by (outcome) (increase({_PAGE}deeds_total[1d]))",
    {"kind": ("one", "plan"), "outcome": tuple(AdmissionOutcome)},
    "The change log has each of them, with who did it.",
    unit="clinics",
)
REFUSALS = Metric(
    f"{_PAGE}refusals_total",
    Kind.COUNTER,
    "Clinics that were not added or removed on the page, by reason.",
    f"sum by (reason) (increase({_PAGE}refusals_total[1d]))",
    {"reason": tuple(Refusal)},
    unit="clinics",
)
PLANS = Metric(
    f"{_PAGE}plans_total",
    Kind.COUNTER,
    "Plans for many clinics, by what became of them.",
    f"sum by (event) (increase({_PAGE}plans_total[1d]))",
    {"event": ("made", "confirmed", "confirmed_again", "stale")},
    "`confirmed_again` was done already, and the receipt is shown; `stale` has changed since it "
    "was reviewed, and is shown again.",
    unit="plans",
)
SIGN_INS = Metric(
    f"{_PAGE}sign_ins_total",
    Kind.COUNTER,
    "Attempts to sign in to the page, by result.",
    f'sum by (result) (increase({_PAGE}sign_ins_total{{result!="signed_in"}}[15m])) > 10',
    {
        "result": (
            *("signed_in", "without_rights"),
            *("refused", "unavailable", "lost_start", "clock_skew", "weak", "nobody"),
            *("untrusted", "ambiguous", "invalid"),
        )
    },
    "`without_rights` is somebody whom no rule gives any. The others are the problems that the log "
    "event `sign_in_failed` names.",
    (Question.ERRORS,),
    "attempts",
)
TURNED_AWAY = Metric(
    f"{_PAGE}turned_away_total",
    Kind.COUNTER,
    "Requests that were answered with status 503 at once, since too many were being answered.",
    f"increase({_PAGE}turned_away_total[5m]) > 0",
    note="They are among the requests too, with the route `other`.",
    answers=(Question.ERRORS,),
    unit="requests",
)

METRICS = (REQUESTS, REQUEST_SECONDS, TURNED_AWAY, DEEDS, REFUSALS, PLANS, SIGN_INS)
