"""What the worker on this machine says of itself while the database or Kafka cannot be asked.

It is asked at the HTTP port of the settings, which an operator's shell has as the worker does. A
worker answers from memory: it knows since when it has not been ready, and what it has tried.
"""

import json
from collections.abc import Iterable, Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any

from sync_worker.config.loopback import address_to_ask
from sync_worker.language import counted

_TIMEOUT_SECONDS = 3.0

Answer = Mapping[str, Any]


def readiness(host: str, port: int) -> Answer | None:
    """What it answers at `/readyz?verbose`; None where no worker answers there."""
    connection = HTTPConnection(address_to_ask(host), port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/readyz?verbose")
        answer = json.loads(connection.getresponse().read())
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return answer if isinstance(answer, dict) and "codes" in answer else None


def account(answer: Answer) -> dict[str, str]:
    """The answer of a worker that is not ready, as names and values for people."""
    return {
        "not ready": f"since {answer['since']}: {', '.join(answer['codes'])}",
        "because": "; ".join(answer["reasons"]),
        "attempts": _attempts(answer),
        "behind": _behind(answer),
        "reads": ", ".join(_partitions(answer["partitions"])) or "no partition",
        "counted": _counted(answer["counts"]),
        "dead letters": f"{_known(answer['open_dead_letters'])} open, as last seen",
        "holds": f"{_known(answer['open_holds'])} open, as last seen",
        "lost": "nothing is lost: records wait in Kafka, and are read from these positions on",
    }


def _attempts(answer: Answer) -> str:
    failed = f"{counted(answer['attempts'] or 0, 'attempt', 'attempts')} failed"
    retry_at = answer["next_retry_at"]
    following = "the next attempt is in progress" if retry_at is None else f"the next is {retry_at}"
    return f"{failed}; {following}"


def _behind(answer: Answer) -> str:
    if answer["lag"] is None:
        return "unknown, as Kafka does not answer"
    records = counted(answer["lag"], "record", "records")
    return f"{records}, the oldest for {_known(answer['lag_seconds'])} s"


def _partitions(partitions: Iterable[Mapping[str, Any]]) -> list[str]:
    return [
        f"{each['topic']} {each['partition']} from {_known(each['position'])}"
        for each in partitions
    ]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name.replace('_', '-')}" for name, number in counts.items())


def _known(value: object) -> str:
    return "unknown" if value is None else str(value)
