"""What is said where one clinic is added or removed."""

from collections.abc import Mapping

from sync_worker.domain.clinic_status import Status
from sync_worker.language import Message

HEADING = Message(sv="Lägg till en mottagning", en="Add a clinic")
HSA_ID = Message(sv="HSA-id", en="HSA-id")
HSA_ID_HINT = Message(
    sv="Till exempel SE2321000016-1HZ3. Mottagningen ska vara aktiverad i e-tjänsterna; inget "
    "betjäningsområde krävs.",
    en="For example SE2321000016-1HZ3. The clinic must be activated in the e-services; no service "
    "area is required.",
)
REASON = Message(sv="Anledning (frivilligt)", en="Reason (optional)")
REASON_TICKED = Message(
    sv="Anledning för de valda (frivilligt)",
    en="Reason for the selected ones (optional)",
)
REASON_HINT = Message(
    sv="Sparas i loggen, till exempel ett beställningsnummer.",
    en="Kept in the log, for example an order number.",
)
ADD = Message(sv="Lägg till", en="Add")
EMPTY_HSA_ID = Message(sv="Skriv mottagningens HSA-id.", en="Enter the HSA-id of the clinic.")
ONE_AT_A_TIME = Message(
    sv="Skriv ett HSA-id i taget, eller läs in flera från en fil.",
    en="Enter one HSA-id at a time, or read several from a file.",
)
HSA_ID_TOO_LONG = Message(
    sv="HSA-id:t är för långt: högst {most} tecken.",
    en="The HSA-id is too long: at most {most} characters.",
)
REASON_TOO_LONG = Message(
    sv="Anledningen är för lång: högst {most} tecken.",
    en="The reason is too long: at most {most} characters.",
)

ADDED_RECEIVES = Message(
    sv="{clinic} är tillagd och tar emot ärenden.", en="{clinic} is added and receives cases."
)
ADDED = Message(sv="{clinic} är tillagd.", en="{clinic} is added.")
ALREADY_ADDED = Message(
    sv="{clinic} var redan tillagd, {date} av {actor}.",
    en="{clinic} was already registered, on {date} by {actor}.",
)
ALREADY_ADDED_BY_UNKNOWN = Message(
    sv="{clinic} var redan tillagd.", en="{clinic} was already registered."
)
NOT_RECEIVING: Mapping[Status, Message] = {
    Status.SERVICE_OFF: Message(
        sv="Den börjar ta emot ärenden när regionens patientnämnd är angiven.",
        en="It starts receiving cases once the region's patient board is set.",
    ),
    Status.DEACTIVATED: Message(
        sv="Den tar inte emot ärenden: den är inte aktiverad i e-tjänsterna. Aktivera den där; den "
        "behöver inte läggas till igen.",
        en="It does not receive cases: it is not activated in the e-services. Activate it there; "
        "it need not be added again.",
    ),
    Status.OWN_SYSTEM: Message(
        sv="Den tar inte emot ärenden här: den har ett eget system och står i TAK. Ta bort den "
        "här, eller låt supporten ta ut den ur TAK.",
        en="It does not receive cases here: it has its own system and is in TAK. Remove it here, "
        "or have support take it out of TAK.",
    ),
}
"""Why a registered clinic does not receive cases, and what to do about it."""
NOT_RECEIVING_WITHOUT_REGION = Message(
    sv="Den tar inte emot ärenden: e-tjänsterna har aldrig angett vilken region som administrerar "
    "den. Ange regionen där.",
    en="It does not receive cases: the e-services have never stated which region administers it. "
    "State the region there.",
)
REFUSED = Message(
    sv="{hsa_id} kunde inte läggas till. {why} {remedy}",
    en="{hsa_id} could not be added. {why} {remedy}",
)
REMOVAL_REFUSED = Message(
    sv="{hsa_id} kunde inte tas bort. {why} {remedy}",
    en="{hsa_id} could not be removed. {why} {remedy}",
)
OTHER_REGION = Message(
    sv="Mottagningen administreras av {region}. Du kan se och ändra mottagningar i {own}.",
    en="The clinic is administered by {region}. You can see and change clinics in {own}.",
)

REMOVE_HEADING = Message(sv="Ta bort {name}?", en="Remove {name}?")
REMOVE_CONSEQUENCE = Message(
    sv="Den slutar ta emot nya ärenden och går inte att söka fram. Ärenden som redan kommit in "
    "påverkas inte. Ingen händelse lägger till den igen: det gör bara en administratör.",
    en="It stops receiving new cases and is not searchable. Cases that have already come in are "
    "not affected. No event adds it again: only an administrator does.",
)
REMOVE_NOT_RECEIVING = Message(
    sv="Den tar inte emot ärenden nu. Ärenden som redan kommit in påverkas inte. Ingen händelse "
    "lägger till den igen: det gör bara en administratör.",
    en="It does not receive cases now. Cases that have already come in are not affected. No event "
    "adds it again: only an administrator does.",
)
REMOVE_DEACTIVATED = Message(
    sv="Den är redan stängd i e-tjänsterna och behöver inte tas bort. Den ansluts igen om den "
    "aktiveras.",
    en="It is already closed in the e-services and need not be removed. It is connected again if "
    "it is activated.",
)
REMOVE_HELD = Message(
    sv="Ändringar av mottagningen väntar på beslut hos driften. Tas den bort gäller de genast.",
    en="Changes of the clinic wait for the operators' decision. If it is removed, they take effect "
    "at once.",
)
REMOVE = Message(sv="Ta bort mottagningen", en="Remove the clinic")
REMOVED = Message(
    sv="{clinic} är borttagen och tar inte emot nya ärenden.",
    en="{clinic} is removed and does not receive new cases.",
)
ALREADY_REMOVED = Message(sv="Den var redan borttagen.", en="It had already been removed.")
NEVER_ADDED = Message(
    sv="Mottagningen är inte tillagd, så det finns inget att ta bort.",
    en="The clinic is not registered, so there is nothing to remove.",
)
