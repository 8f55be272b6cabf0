"""Regions and clinics that a person names: found, or refused with the way to find them."""

from __future__ import annotations

from collections.abc import Iterable

from sync_worker import bootstrap
from sync_worker.administration.messages import boards as says
from sync_worker.administration.messages import files as says_of_files
from sync_worker.cli import messages
from sync_worker.cli.invocation import Invocation
from sync_worker.domain import hsa_id as hsa_ids
from sync_worker.domain.regions import Regions
from sync_worker.errors import Exit, UserError
from sync_worker.registry import change_log, queries


def require_region(in_use: Regions, *codes: str) -> None:
    """Raise UserError (not found) for a code that no region has."""
    for code in codes:
        if code not in in_use:
            raise UserError(
                Exit.NOT_FOUND,
                says.NO_REGION(code=code),
                why=says.REGION_CODE(),
                hint=messages.LIST_REGIONS(),
            )


def require_known_region(
    run: Invocation, *codes: str, url: str | None = None, is_of_log: bool = False
) -> None:
    """As `require_region`, but a code that a clinic or a patient board of the registry has will do.

    What is in a region that is not in use has to be found. `is_of_log`: one that the change log has
    will do too. `url` is of the registry, where it is not the usual one.
    """
    in_use = bootstrap.registry.regions(run.settings)
    odd = [code for code in codes if code not in in_use]
    if not odd:
        return
    with run.snapshot(url) as connection:
        known = queries.region_codes(connection)
        known |= change_log.region_codes(connection) if is_of_log else set()
    require_region(in_use, *(code for code in odd if code not in known))


def warn_of_check_digits(run: Invocation, written: Iterable[str]) -> None:
    """Say so where an HSA-id is well-formed and its check digit is wrong: only a warning."""
    for hsa_id in written:
        if hsa_ids.is_miscopied(hsa_id):
            run.output.attention(says_of_files.CHECK_DIGIT(hsa_id=hsa_id))
