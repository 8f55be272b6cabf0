"""Messages put together, so that they are worded in one language where they are shown."""

from collections.abc import Sequence

from sync_worker.administration.messages import explanations as says
from sync_worker.errors import Words
from sync_worker.language import FilledMessage


def joined(parts: Sequence[FilledMessage]) -> FilledMessage:
    """Parts of a sentence as one, with "and" before the last; there must be some."""
    first, *rest = parts
    if not rest:
        return first
    return (says.AND if len(rest) == 1 else says.COMMA)(first=first, rest=joined(rest))


def sentences(several: Sequence[Words]) -> Words:
    """Sentences behind one another; there must be some."""
    first, *rest = several
    return says.SENTENCES(first=first, rest=sentences(rest)) if rest else first
