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
            sv="Det är inte ett giltigt HSA-id: SE, tio eller tolv siffror, ett bindestreck och "
            "bokstäver eller siffror.",
            en="This is not a valid HSA-id: SE, ten or twelve digits, a hyphen, and letters or "
            "digits.",
        ),
        Message(
            sv="Rätta stavningen; slå upp HSA-id:t i HSA-katalogen.",
            en="Correct the spelling; look up the HSA-id in the HSA catalogue.",
        ),
    ),
    Refusal.DUPLICATE_IN_FILE: Explained(
        Message(
            sv="Samma HSA-id förekommer tidigare i filen.",
            en="The same HSA-id appears earlier in the file.",
        ),
        Message(
            sv="Ingenting behöver göras, om inte ett annat HSA-id avsågs.",
            en="Nothing needs to be done, unless another HSA-id was meant.",
        ),
    ),
    Refusal.UNKNOWN_CLINIC: Explained(
        Message(
            sv="Mottagningen har aldrig förekommit i en händelse från e-tjänsterna.",
            en="No event from the e-services has ever named the clinic.",
        ),
        Message(
            sv="Kontrollera HSA-id:t och aktivera mottagningen i e-tjänsterna.",
            en="Check the HSA-id and activate the clinic in the e-services.",
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
            sv="Administrera den i TAK. Om den ska använda 1177, be först supporten ta bort den ur "
            "TAK-listan.",
            en="Administer it in TAK. If it is to use 1177, first have support remove it from the "
            "TAK list.",
        ),
    ),
    Refusal.NOT_ACTIVE: Explained(
        Message(
            sv="Mottagningen är inte aktiverad i e-tjänsterna.",
            en="The clinic is not activated in the e-services.",
        ),
        Message(
            sv="Aktivera den i e-tjänsterna, och lägg sedan till den igen.",
            en="Activate it in the e-services, then add it again.",
        ),
    ),
    Refusal.REGION_UNKNOWN: Explained(
        Message(
            sv="E-tjänsterna har aldrig angett vilken region som administrerar mottagningen.",
            en="The e-services have never stated which region administers the clinic.",
        ),
        Message(
            sv="Ange administrativ region för den i e-tjänsterna.",
            en="State its administrative region in the e-services.",
        ),
    ),
    Refusal.CHANGED_MEANWHILE: Explained(
        Message(
            sv="Något ändrades efter att planen visades, så raden lämnades orörd.",
            en="Something changed after the plan was shown, so the row was left unchanged.",
        ),
        Message(
            sv="Importera den igen och granska den nya planen.",
            en="Import it again and review the new plan.",
        ),
    ),
}
"""Every refusal, in the order of the contract."""
