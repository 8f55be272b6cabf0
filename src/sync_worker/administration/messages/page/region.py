"""What is said of a region: its patient board, its clinics, and what needs somebody to act."""

from collections.abc import Mapping

from sync_worker.domain.clinic_status import Status
from sync_worker.language import Message

REGIONS_HEADING = Message(sv="Regioner", en="Regions")
HEADING = Message(sv="Mottagningar i {region}", en="Clinics in {region}")

BOARD_HEADING = Message(sv="Patientnämnd", en="Patient board")
BOARD = Message(
    sv="Patientnämnden i {region}, HSA-id {hsa_id}. Tjänsten är aktiverad för invånarna i "
    "regionen.",
    en="The patient board of {region}, HSA-id {hsa_id}. The service is on for the residents of "
    "the region.",
)
BOARD_NAMED = Message(
    sv="{name}, HSA-id {hsa_id}. Tjänsten är aktiverad för invånarna i regionen.",
    en="{name}, HSA-id {hsa_id}. The service is on for the residents of the region.",
)
BOARD_CONTACT = Message(
    sv="Patientnämnden kan inte ändras här. Kontakta supporten: e-tjanster@1177.se.",
    en="The patient board cannot be changed here. Contact support: e-tjanster@1177.se.",
)
NO_BOARD_HEADING = Message(sv="Ingen patientnämnd är angiven", en="No patient board is set")
NO_BOARD = Message(
    sv="Tjänsten är inte aktiverad för invånarna i {region}: ingen kan skicka in synpunkter eller "
    "klagomål.",
    en="The service is off for the residents of {region}: nobody can send in complaints or "
    "feedback.",
)
NO_BOARD_CLINICS = Message(
    sv="{count} mottagningar är tillagda och börjar ta emot ärenden när patientnämnden anges.",
    en="{count} clinics are registered and start receiving cases once the patient board is set.",
    sv_one="1 mottagning är tillagd och börjar ta emot ärenden när patientnämnden anges.",
    en_one="1 clinic is registered and starts receiving cases once the patient board is set.",
)
"""Of the clinics that wait for nothing but the board."""
NO_BOARD_ORDER = Message(
    sv="Beställ hos supporten, e-tjanster@1177.se, och uppge vilket HSA-id som ska anges. Gör det "
    "sist, när mottagningarna har behörigheter och rutiner.",
    en="Order it from support, e-tjanster@1177.se, and state which HSA-id to set. Do that last, "
    "once the clinics have permissions and routines.",
)
SERVICE_ON = Message(sv="Aktiverad", en="On")
SERVICE_OFF = Message(sv="Inte aktiverad", en="Off")
REGION_NOT_IN_USE = Message(
    sv="Regionkoden {code} används inte: tjänsten kan inte aktiveras där.",
    en="The region code {code} is not in use: the service cannot be on there.",
)

FRESH = Message(
    sv="Händelser från e-tjänsterna är lästa till {time}.",
    en="Events from the e-services have been read up to {time}.",
)
STALE = Message(
    sv="Händelser från e-tjänsterna har inte lästs sedan {time}. En mottagning som aktiverats "
    "efter det syns inte än.",
    en="Events from the e-services have not been read since {time}. A clinic that was activated "
    "after that is not shown yet.",
)
NEVER_READ = Message(
    sv="Inga händelser från e-tjänsterna har lästs än. Ingen mottagning kan läggas till innan "
    "dess.",
    en="No events from the e-services have been read yet. No clinic can be added before that.",
)

HELD = Message(
    sv="{count} mottagningar i regionen har ändringar som väntar på beslut hos driften sedan "
    "{time}. Till dess gäller det som står här.",
    en="{count} clinics in the region have changes that have waited for the operators' decision "
    "since {time}. Until then, what is shown here applies.",
    sv_one="1 mottagning i regionen har ändringar som väntar på beslut hos driften sedan {time}. "
    "Till dess gäller det som står här.",
    en_one="1 clinic in the region has changes that have waited for the operators' decision since "
    "{time}. Until then, what is shown here applies.",
)
ATTENTION_HEADING = Message(sv="Kräver åtgärd", en="Needs action")
IN_TAK = Message(
    sv="Står i TAK och är tillagd här. Ta bort den här, eller låt supporten ta ut den ur TAK.",
    en="In TAK and registered here. Remove it here, or have support take it out of TAK.",
)
CAME_FROM = Message(
    sv="Kom hit från {region} {date} ({count} mottagningar)",
    en="Came here from {region} on {date} ({count} clinics)",
    sv_one="Kom hit från {region} {date} (1 mottagning)",
    en_one="Came here from {region} on {date} (1 clinic)",
)
LEFT_FOR = Message(
    sv="Lämnade regionen för {region} {date} ({count} mottagningar)",
    en="Left the region for {region} on {date} ({count} clinics)",
    sv_one="Lämnade regionen för {region} {date} (1 mottagning)",
    en_one="Left the region for {region} on {date} (1 clinic)",
)
MOVES_HEADING = Message(
    sv="Flyttade de senaste {days} dagarna", en="Moved within the last {days} days"
)
SEE_EVENT = Message(sv="Visa händelsen", en="Show the change")

COUNTS = Message(sv="{registered}: {by_status}.", en="{registered}: {by_status}.")
REGISTERED_COUNT = Message(
    sv="{count} mottagningar är tillagda",
    en="{count} clinics are registered",
    sv_one="1 mottagning är tillagd",
    en_one="1 clinic is registered",
)
STATUS_COUNTS: Mapping[Status, Message] = {
    Status.RECEIVING: Message(
        sv="{count} anslutna", en="{count} connected", sv_one="1 ansluten", en_one="1 connected"
    ),
    Status.SERVICE_OFF: Message(
        sv="{count} väntar på patientnämnden", en="{count} waiting for the patient board"
    ),
    Status.DEACTIVATED: Message(
        sv="{count} inte aktiverade i e-tjänsterna",
        en="{count} not activated in the e-services",
        sv_one="1 inte aktiverad i e-tjänsterna",
        en_one="1 not activated in the e-services",
    ),
    Status.OWN_SYSTEM: Message(
        sv="{count} med eget system",
        en="{count} with their own system",
        sv_one="1 med eget system",
        en_one="1 with its own system",
    ),
}
LIST_HEADING = Message(sv="Tillagda mottagningar", en="Registered clinics")
LIST_CAPTION = Message(
    sv="Tillagda mottagningar i {region}, efter namn", en="Registered clinics in {region}, by name"
)
EMPTY = Message(
    sv="Inga mottagningar är tillagda i {region} än.",
    en="No clinics are registered in {region} yet.",
)
SEARCH_LABEL = Message(sv="Sök på namn eller HSA-id", en="Search by name or HSA-id")
SEARCH_BUTTON = Message(sv="Sök", en="Search")
STATUS_LABEL = Message(sv="Status", en="Status")
ALL_REGISTERED = Message(sv="Alla tillagda", en="All registered")
CLEAR_SEARCH = Message(sv="Rensa sökningen", en="Clear the search")
NOT_FOUND = Message(
    sv="Ingen mottagning i {region} stämmer med sökningen. En mottagning som inte är tillagd "
    "finns under Aktiverade, inte tillagda.",
    en="No clinic in {region} matches the search. A clinic that is not registered is found under "
    "Activated, not added.",
)
EXPLAIN = Message(sv="Visa vad som är känt om {hsa_id}", en="Show what is known of {hsa_id}")
"""Where no registered clinic has the HSA-id that was searched for: its own page says why."""
SEARCH_ACTIVATED = Message(
    sv="Sök bland aktiverade, inte tillagda", en="Search among activated, not added"
)
REMOVE_TICKED = Message(sv="Ta bort valda", en="Remove selected")
TICK_SOME = Message(
    sv="Välj minst en mottagning i listan.", en="Select at least one clinic in the list."
)

ACTIVATED_HEADING = Message(
    sv="Aktiverade mottagningar som inte är tillagda",
    en="Activated clinics that are not registered",
)
ACTIVATED_INTRODUCTION = Message(
    sv="De här mottagningarna är aktiverade i e-tjänsterna och administreras av {region}. Välj "
    "vilka som ska anslutas till tjänsten.",
    en="These clinics are activated in the e-services and administered by {region}. Select those "
    "that are to be connected to the service.",
)
ACTIVATED_EMPTY = Message(
    sv="Alla mottagningar som är aktiverade i e-tjänsterna är redan tillagda eller har ett eget "
    "system.",
    en="All clinics that are activated in the e-services are already registered or have their own "
    "system.",
)
ACTIVATED_NOT_FOUND = Message(
    sv="Ingen aktiverad mottagning som inte är tillagd stämmer med sökningen.",
    en="No activated clinic that is not registered matches the search.",
)
ADD_TICKED = Message(sv="Lägg till valda", en="Add selected")
