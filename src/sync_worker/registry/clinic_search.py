"""Which clinics a search finds.

Judged here, not by the database: databases differ in which letters they know in both cases.
"""

from collections.abc import Callable

from sync_worker.domain.hsa_id import cleaned, normalised


def matcher(search: str | None) -> Callable[[str, str | None], bool]:
    """Whether a clinic's HSA-id or name contains a text, or none is searched for."""
    if not search:
        return lambda _hsa_id, _name: True
    folded, written, shown = search.casefold(), normalised(search), cleaned(search)

    def matches(hsa_id: str, name: str | None) -> bool:
        return written in hsa_id or shown in hsa_id or folded in (name or "").casefold()

    return matches
