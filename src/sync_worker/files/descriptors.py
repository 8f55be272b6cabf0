"""Whether this process can open another file or connection.

Where it cannot, what fails is blamed on whatever it was to open: Kafka, the database, a host name.
"""

import errno
import os
import resource

_USED_UP = frozenset({errno.EMFILE, errno.ENFILE})
_SPARE = 3
"""With fewer left, a connection cannot be replaced: its host name and its server are looked up."""


def shortage() -> str | None:
    """That hardly any descriptor is left, in words that follow a reason; None where some are."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        lowest = os.open(os.devnull, os.O_RDONLY)
    except OSError as error:
        return _in_words(limit) if is_shortage(error) else None
    os.close(lowest)
    is_unlimited = limit == resource.RLIM_INFINITY
    return None if is_unlimited or limit - lowest >= _SPARE else _in_words(limit)


def is_shortage(error: BaseException) -> bool:
    """Whether the system refused to open something because no descriptor is left."""
    return isinstance(error, OSError) and error.errno in _USED_UP


def _in_words(limit: int) -> str:
    return f"this process is at its limit of {limit} open files and connections"
