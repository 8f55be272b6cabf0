"""The ten questions of an outage, and what answers each of them at each place."""

from collections.abc import Mapping

from sync_worker.telemetry.catalogue.metric import Question
from tests.drill.operator import Operator, Place

_METRIC = "sync_worker_"


def ask_all(operator: Operator, cause: str) -> None:
    """Ask each question at each place, while a worker is not ready for the given cause."""
    for question, places in _answers(cause).items():
        operator.asks(question, places)


def _answers(cause: str) -> Mapping[Question, Mapping[Place, str]]:
    system = "[Tt]he database" if "database" in cause else "Kafka"
    return {
        Question.WHICH: {
            Place.STATUS: rf"(error|needs attention|because).*{system}",
            Place.READYZ: f'"why": "{cause}"',
            Place.LOG: f'"why": "{cause}".*"event": "not_ready"',
            Place.METRICS: f'{_METRIC}not_ready{{reason="{cause}"}} 1.0',
        },
        Question.SINCE: {
            Place.STATUS: r"not ready +since \d{4}-",
            Place.READYZ: r'"since": "\d{4}-',
            Place.LOG: r'"since": "\d{4}-',
            Place.METRICS: rf"{_METRIC}not_ready_since_timestamp_seconds [1-9]",
        },
        Question.LOST: {
            Place.STATUS: "nothing is lost",
            Place.READYZ: '"position": ',
            Place.LOG: '"is_continuous": true',
            Place.METRICS: rf"{_METRIC}registry_went_back_total 0.0",
        },
        Question.BEHIND: {
            Place.STATUS: r"behind +(\d+ records?|unknown)",
            Place.READYZ: '"lag_seconds": ',
            Place.LOG: '"behind_records": ',
            Place.METRICS: f"{_METRIC}lag_seconds{{",
        },
        Question.WHO: {
            Place.STATUS: r"reads +\S+ 0 from \d|reads +no partition",
            Place.READYZ: '"partition": 0',
            Place.LOG: '"event": "assigned"',
            Place.METRICS: f'{_METRIC}position{{partition="0"',
        },
        Question.DEAD_LETTERED: {
            Place.STATUS: r"dead letters +1 open",
            Place.READYZ: '"open_dead_letters": 1',
            Place.LOG: '"event": "dead_lettered"',
            Place.METRICS: f'{_METRIC}open_dead_letters{{reason="invalid_json"}} 1.0',
        },
        Question.WHY: {
            Place.STATUS: f"not ready +since .*: .*{cause}",
            Place.READYZ: f'"codes": .*"{cause}"',
            Place.LOG: '"reasons": ',
            Place.METRICS: f"{_METRIC}ready 0.0",
        },
        Question.WAITING: {
            Place.STATUS: r"holds +1 open",
            Place.READYZ: '"open_holds": 1',
            Place.LOG: '"event": "mass_change_held"',
            Place.METRICS: f"{_METRIC}held_clinics [1-9]",
        },
        Question.ERRORS: {
            Place.STATUS: r"attempts +[1-9]\d* attempts? failed",
            Place.READYZ: r'"attempts": [1-9]',
            Place.LOG: r'"attempts": [1-9]',
            Place.METRICS: rf'{_METRIC}retries_total{{cause="{cause}"}} [1-9]',
        },
        Question.BACK: {
            Place.STATUS: "; the next (is|attempt)",
            Place.READYZ: '"next_retry_at": "',
            Place.LOG: '"next_retry_at": "',
            Place.METRICS: f"{_METRIC}catch_up_seconds ",
        },
    }
