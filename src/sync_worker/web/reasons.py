"""The reason that somebody gives for a deed: optional, and of limited length."""

from sync_worker.administration.messages.page import adding as says
from sync_worker.administration.plans import MOST_OF_REASON
from sync_worker.errors import Words


def errors(field: str, reason: str) -> dict[str, Words]:
    """What is wrong with a reason, by the field that it was typed in; empty where nothing is."""
    if len(reason) <= MOST_OF_REASON:
        return {}
    return {field: says.REASON_TOO_LONG(most=MOST_OF_REASON)}
