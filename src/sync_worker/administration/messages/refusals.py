"""Each reason for refusing an HSA-id, in words, and what the administrator can do."""

from collections.abc import Mapping
from typing import NamedTuple

from sync_worker.domain.admission import Refusal
from sync_worker.language import Message


class Explained(NamedTuple):
    """A refusal in words: what is wrong, and what to do about it."""

    why: Message
    remedy: Message


REFUSALS: Mapping[Refusal, Explained] = {
    Refusal.MALFORMED_HSA_ID: Explained(
        Message(
            sv="Texten är inget HSA-id: SE, tio eller tolv siffror, bindestreck, bokstäver eller "
            "siffror.",
            en="The text is no HSA-id: SE, ten or twelve digits, a hyphen, letters or digits.",
        ),
        Message(
            sv="Rätta stavningen; slå upp HSA-id:t i HSA-katalogen.",
            en="Correct the spelling; look the HSA-id up in the HSA catalogue.",
        ),
    ),
    Refusal.DUPLICATE_IN_FILE: Explained(
        Message(
            sv="Samma HSA-id står tidigare i filen.",
            en="The same HSA-id stands earlier in the file.",
        ),
        Message(
            sv="Inget behöver göras, om inte ett annat HSA-id var menat.",
            en="Nothing, unless another HSA-id was meant.",
        ),
    ),
    Refusal.UNKNOWN_CLINIC: Explained(
        Message(
            sv="E-tjänsterna har aldrig nämnt mottagningen.",
            en="The e-services have never named the clinic.",
        ),
        Message(
            sv="Kontrollera HSA-id:t, och aktivera mottagningen i e-tjänsterna.",
            en="Check the HSA-id, and activate the clinic in the e-services.",
        ),
    ),
    Refusal.OTHER_REGION: Explained(
        Message(
            sv="Mottagningen administreras av en annan region.",
            en="The clinic is administered by another region.",
        ),
        Message(
            sv="Låt den regionen göra det, eller byt administrativ region i e-tjänsterna.",
            en="Leave it to that region, or change the administrative region in the e-services.",
        ),
    ),
    Refusal.OWN_SYSTEM: Explained(
        Message(
            sv="Mottagningen använder ett eget handläggningssystem och administreras i TAK.",
            en="The clinic handles cases in its own system and is administered in TAK.",
        ),
        Message(
            sv="Administrera den i TAK. Ska den använda 1177, låt supporten ta bort den ur listan "
            "från TAK först.",
            en="Administer it in TAK. If it is to use 1177, have support take it out of the list "
            "from TAK first.",
        ),
    ),
    Refusal.NOT_ACTIVE: Explained(
        Message(
            sv="Mottagningen är inte aktiverad i e-tjänsterna.",
            en="The clinic is not activated in the e-services.",
        ),
        Message(
            sv="Aktivera den i e-tjänsterna, och lägg till den igen.",
            en="Activate it in the e-services, and add it again.",
        ),
    ),
    Refusal.REGION_UNKNOWN: Explained(
        Message(
            sv="E-tjänsterna har aldrig sagt vilken region som administrerar mottagningen.",
            en="The e-services have never said which region administers the clinic.",
        ),
        Message(
            sv="Ange administrativ region för den i e-tjänsterna.",
            en="State its administrative region in the e-services.",
        ),
    ),
    Refusal.CHANGED_MEANWHILE: Explained(
        Message(
            sv="Något ändrades efter att planen visades, så raden lämnades som den var.",
            en="Something changed after the plan was shown, so the row was left as it was.",
        ),
        Message(
            sv="Importera den igen, och se den nya planen.",
            en="Import it again, and look at the new plan.",
        ),
    ),
}
"""Every refusal, in the order of the contract."""
