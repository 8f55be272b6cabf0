"""Which clinics people mean by what they type, paste, or have in their files."""

from collections.abc import Sequence

from sqlalchemy import Connection

from sync_worker.clinics import hsa_id as hsa_ids
from sync_worker.events.models import is_hsa_id
from sync_worker.registry import queries


def meant(connection: Connection, texts: Sequence[str]) -> list[str]:
    """The HSA-id that each text means, in the same order.

    What the e-services named is meant as it stands, also where it holds what is cleaned out of
    every other text.
    """
    written = (hsa_ids.normalised(text) for text in texts)
    odd = {each for each in written if hsa_ids.cleaned(each) != each and is_hsa_id(each)}
    known = queries.known_among(connection, sorted(odd)) if odd else set()
    return [hsa_ids.meant(text, known) for text in texts]
