"""What a cluster does not let us do, in the words of its access control lists.

A broker names the topic or the group that it refuses, and not the right that is missing: that
follows from what it was asked for.
"""

from collections.abc import Sequence
from enum import StrEnum

from kafka.errors import AuthorizationError, GroupAuthorizationFailedError

from sync_worker.remedies import Remedy
from sync_worker.streams.kafka.settings import KafkaSettings
from sync_worker.streams.protocol import StreamError

_UNKNOWN_USER = "…"


class Operation(StrEnum):
    """What a right is for. READ and WRITE include DESCRIBE; CREATE does not."""

    READ = "READ"
    WRITE = "WRITE"
    CREATE = "CREATE"
    DESCRIBE = "DESCRIBE"


def missing_right(
    error: AuthorizationError, operation: Operation, settings: KafkaSettings
) -> StreamError:
    """What to say where topics, or the group, refuse what needs the right to this operation."""
    kind = "group" if isinstance(error, GroupAuthorizationFailedError) else "topic"
    names = [settings.group_id] if kind == "group" else _topics(error)
    why = f"The brokers answer {type(error).__name__}."
    return lacks_right(operation, kind, names, settings, why)


def lacks_right(
    operation: Operation, kind: str, names: Sequence[str], settings: KafkaSettings, why: str
) -> StreamError:
    """What to say where we lack the right to an operation on these topics, or on the group."""
    return StreamError(
        f"Kafka refuses: {user_of(settings)} lacks the right {operation} on the {kind} "
        f"{' and the topic '.join(names)}.",
        why,
        Remedy.GRANT_KAFKA_RIGHT(
            bootstrap_servers=settings.bootstrap_servers,
            principal=f"User:{settings.security.sasl_username or _UNKNOWN_USER}",
            operation=operation,
            kind=kind,
            name=names[0],
        ),
    )


def user_of(settings: KafkaSettings) -> str:
    """What to call the user that we are; who that is stands in a token or a certificate, else."""
    name = settings.security.sasl_username
    return f"the user {name}" if name else "this user"


def _topics(error: AuthorizationError) -> list[str]:
    """The client names one, or a set of them; of a group it says more than the name."""
    (named,) = error.args[:1] or ("",)
    return [named] if isinstance(named, str) else sorted(named)
