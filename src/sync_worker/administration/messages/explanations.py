"""What is said of a clinic to whoever asks why it does, or does not, receive cases."""

from collections.abc import Mapping

from sync_worker.domain.clinic_status import Status, StatusCondition
from sync_worker.domain.facts import Fact
from sync_worker.events.decode_result import Reason
from sync_worker.language import Message

NAMED = Message(sv="{name} ({hsa_id})", en="{name} ({hsa_id})")
SUMMARIES: Mapping[Status, Message] = {
    Status.RECEIVING: Message(
        sv="{clinic} är ansluten: den går att söka fram och tar emot ärenden.",
        en="{clinic} is connected: it is searchable and receives cases.",
    ),
    Status.SERVICE_OFF: Message(
        sv="{clinic} tar inte emot ärenden: regionen har ingen patientnämnd.",
        en="{clinic} does not receive cases: its region has no patient board.",
    ),
    Status.DEACTIVATED: Message(
        sv="{clinic} tar inte emot ärenden: den är inte aktiverad i e-tjänsterna.",
        en="{clinic} does not receive cases: it is not activated in the e-services.",
    ),
    Status.NOT_REGISTERED: Message(
        sv="{clinic} tar inte emot ärenden: den är inte tillagd.",
        en="{clinic} does not receive cases: it is not registered.",
    ),
    Status.OWN_SYSTEM: Message(
        sv="{clinic} tar inte emot ärenden här: den har ett eget system och administreras i TAK.",
        en="{clinic} does not receive cases here: it has its own system and is administered in "
        "TAK.",
    ),
}
NO_REGION_SUMMARY = Message(
    sv="{clinic} tar inte emot ärenden: det är okänt vilken region som administrerar den.",
    en="{clinic} does not receive cases: it is unknown which region administers it.",
)

ACTIVATED = Message(
    sv="Aktiverad i e-tjänsterna: ja{cause}.", en="Activated in the e-services: yes{cause}."
)
DEACTIVATED = Message(
    sv="Aktiverad i e-tjänsterna: nej{cause}.", en="Activated in the e-services: no{cause}."
)
NEVER_ACTIVATED = Message(
    sv="Aktiverad i e-tjänsterna: nej, de har aldrig angett det.",
    en="Activated in the e-services: no, they have never stated it.",
)
REGISTERED = Message(sv="Tillagd: ja{cause}.", en="Registered: yes{cause}.")
REMOVED = Message(sv="Tillagd: nej, borttagen{cause}.", en="Registered: no, removed{cause}.")
NEVER_REGISTERED = Message(
    sv="Tillagd: nej, ingen har lagt till den.", en="Registered: no, nobody has added it."
)
REGION = Message(
    sv="Administrativ region: {region}{cause}.", en="Administrative region: {region}{cause}."
)
MOVED = Message(
    sv="Administrativ region: {region}, tidigare {former}{cause}.",
    en="Administrative region: {region}, previously {former}{cause}.",
)
NO_REGION = Message(
    sv="Administrativ region: okänd, e-tjänsterna har aldrig angett den.",
    en="Administrative region: unknown, the e-services have never stated it.",
)
REGION_NAMED = Message(sv="{name} ({code})", en="{name} ({code})")
SERVICE_ON = Message(
    sv="Regionens tjänst: aktiverad{cause}. Patientnämnd: {board} ({board_id}).",
    en="The region's service: on{cause}. Patient board: {board} ({board_id}).",
)
SERVICE_OFF = Message(
    sv="Regionens tjänst: inte aktiverad, ingen patientnämnd är angiven{cause}.",
    en="The region's service: off, no patient board is set{cause}.",
)
SERVICE_UNKNOWN = Message(
    sv="Regionens tjänst: okänd, eftersom regionen är det.",
    en="The region's service: unknown, since the region is.",
)
NO_OWN_SYSTEM = Message(sv="Eget system (TAK): nej{cause}.", en="Its own system (TAK): no{cause}.")
OWN_SYSTEM = Message(sv="Eget system (TAK): ja{cause}.", en="Its own system (TAK): yes{cause}.")
NOTHING_HELD = Message(sv="Väntar på beslut: ingenting.", en="Held for a decision: nothing.")
SOMETHING_HELD = Message(sv="Väntar på beslut: {changes}.", en="Held for a decision: {changes}.")
HELD_CHANGE = Message(
    sv="{change}, sedan {since}, i massändring {hold_id}, genom {event}",
    en="{change}, since {since}, in hold {hold_id}, by {event}",
)
HELD_VALUES: Mapping[Fact, Message] = {
    Fact.ACTIVATION: Message(sv="att den stängs", en="its deactivation"),
    Fact.REGION: Message(sv="att den flyttas till {value}", en="its move to {value}"),
    Fact.NAME: Message(sv="att den byter namn till {value}", en="its new name, {value}"),
}
"""What each fact means that waits; of the activation only a deactivation ever does."""

SINCE = Message(sv=", sedan {since}", en=", since {since}")
SINCE_BY = Message(sv=", sedan {since}, {by}", en=", since {since}, {by}")
AT_LATEST_BY = Message(
    sv=", sedan {since} eller tidigare, {by}", en=", since {since} at the latest, {by}"
)
SINCE_UNKNOWN = Message(sv=", sedan när är inte känt", en=", since when is not known")
BY_EVENT = Message(sv="genom {event}", en="by {event}")
EVENT = Message(sv="händelse {event_id}", en="event {event_id}")
EVENT_WITHOUT_ID = Message(sv="en händelse utan id", en="an event without an id")
EVENT_AT = Message(
    sv="{event} ({topic}, partition {partition}, plats {offset})",
    en="{event} ({topic}, partition {partition}, offset {offset})",
)
BY_PERSON = Message(sv="av {actor}", en="by {actor}")
BY_PERSON_AND_WHY = Message(sv="av {actor} ({reason})", en="by {actor} ({reason})")
BY_PERSON_OF_EVENT = Message(sv="{person}, enligt {event}", en="{person}, as stated by {event}")

IF_MET: Mapping[StatusCondition, Message] = {
    StatusCondition.ACTIVATED: Message(
        sv="Om den aktiveras i e-tjänsterna {result}",
        en="If it is activated in the e-services, {result}",
    ),
    StatusCondition.REGISTERED: Message(
        sv="Om den läggs till {result}", en="If it is added, {result}"
    ),
    StatusCondition.SERVICE_ON: Message(
        sv="Om regionens patientnämnd anges {result}",
        en="If the region's patient board is set, {result}",
    ),
    StatusCondition.NO_OWN_SYSTEM: Message(
        sv="Om den tas ur TAK {result}", en="If it is taken out of TAK, {result}"
    ),
}
IF_REGION_STATED = Message(
    sv="Om e-tjänsterna anger en region vars tjänst är aktiverad {result}",
    en="If the e-services state a region whose service is on, {result}",
)
IF_APPROVED = Message(sv="Om det godkänns {result}", en="If that is approved, {result}")
RECEIVES_AT_ONCE = Message(sv="tar den emot ärenden direkt.", en="it receives cases at once.")
RECEIVES_STILL = Message(sv="tar den fortfarande emot ärenden.", en="it still receives cases.")
WAITS_STILL = Message(sv="väntar den fortfarande på {missing}.", en="it still waits for {missing}.")
STOPS = Message(
    sv="slutar den ta emot ärenden, och väntar på {missing}.",
    en="it stops receiving cases, and waits for {missing}.",
)
CANNOT_BE_ADDED = Message(
    sv="Den kan inte läggas till nu: {why}", en="It cannot be added now: {why}"
)
MISSING: Mapping[StatusCondition, Message] = {
    StatusCondition.ACTIVATED: Message(
        sv="aktivering i e-tjänsterna", en="activation in the e-services"
    ),
    StatusCondition.REGISTERED: Message(
        sv="att en administratör lägger till den", en="an administrator to add it"
    ),
    StatusCondition.SERVICE_ON: Message(
        sv="regionens patientnämnd", en="the region's patient board"
    ),
    StatusCondition.NO_OWN_SYSTEM: Message(
        sv="att supporten tar den ur TAK", en="support to take it out of TAK"
    ),
}
MISSING_REGION = Message(
    sv="att e-tjänsterna anger dess region", en="the e-services to state its region"
)
AND = Message(sv="{first} och {rest}", en="{first} and {rest}")
SENTENCES = Message(sv="{first} {rest}", en="{first} {rest}")
COMMA = Message(sv="{first}, {rest}", en="{first}, {rest}")

NO_DEAD_LETTERS = Message(
    sv="Ingen post som nämner mottagningen väntar på åtgärd.",
    en="No record that names the clinic waits as a dead letter.",
)
DEAD_LETTERS = Message(
    sv="{count} poster som nämner mottagningen kunde inte tillämpas och väntar på åtgärd. "
    "Vad de säger syns inte här än.",
    en="{count} records that name the clinic could not be applied and wait as dead letters. What "
    "they say is not shown here yet.",
    sv_one="1 post som nämner mottagningen kunde inte tillämpas och väntar på åtgärd. "
    "Vad den säger syns inte här än.",
    en_one="1 record that names the clinic could not be applied and waits as a dead letter. What "
    "it says is not shown here yet.",
)
DEAD_LETTER = Message(
    sv="Avvisad post {id}, {reason}, mottagen {received_at} ({topic}, partition {partition}, "
    "plats {offset}): {action}",
    en="Dead letter {id}, {reason}, received {received_at} ({topic}, partition {partition}, "
    "offset {offset}): {action}",
)
MORE_DEAD_LETTERS = Message(
    sv="Ytterligare {count}, äldre, visas inte.",
    en="Another {count}, older ones, are not shown.",
    sv_one="Ytterligare 1, äldre, visas inte.",
    en_one="Another one, older, is not shown.",
)
REASONS: Mapping[Reason, Message] = {
    Reason.INVALID_JSON: Message(sv="innehållet går inte att läsa", en="invalid_json"),
    Reason.INVALID_EVENT: Message(sv="händelsen har inte rätt form", en="invalid_event"),
    Reason.IDENTITY_MISMATCH: Message(
        sv="händelsen säger inte vilken mottagning den gäller", en="identity_mismatch"
    ),
    Reason.UNSUPPORTED_VERSION: Message(
        sv="händelsen har en version som inte stöds", en="unsupported_version"
    ),
    Reason.UNKNOWN_REGION: Message(sv="regionkoden används inte", en="unknown_region"),
    Reason.TIME_IN_FUTURE: Message(sv="händelsens tid ligger i framtiden", en="time_in_future"),
    Reason.DATABASE_REJECTED: Message(sv="databasen tog inte emot den", en="database_rejected"),
}
"""Why a record could not be applied; operators, who read English, search for the code."""
_CORRECTED = Message(
    sv="e-tjänsterna behöver publicera en rättad händelse; därefter avslutar driften den här.",
    en="the e-services need to publish a corrected event; an operator then discards this one.",
)
ACTIONS: Mapping[Reason, Message] = {
    Reason.INVALID_JSON: _CORRECTED,
    Reason.INVALID_EVENT: _CORRECTED,
    Reason.IDENTITY_MISMATCH: _CORRECTED,
    Reason.UNSUPPORTED_VERSION: Message(
        sv="driften behöver uppgradera programmet och därefter tillämpa den på nytt.",
        en="an operator needs to upgrade the program and then redrive it.",
    ),
    Reason.UNKNOWN_REGION: Message(
        sv="e-tjänsterna behöver publicera en händelse med en regionkod som används; om koden är "
        "ny lägger driften till den och tillämpar posten på nytt.",
        en="the e-services need to publish an event with a region code that is in use; if the code "
        "is new, an operator adds it and redrives the record.",
    ),
    Reason.TIME_IN_FUTURE: Message(
        sv="driften kan tillämpa den på nytt när tiden har passerat; om tiden är fel behöver "
        "e-tjänsterna publicera en rättad händelse.",
        en="an operator can redrive it once that time has passed; if the time is wrong, the "
        "e-services need to publish a corrected event.",
    ),
    Reason.DATABASE_REJECTED: Message(
        sv="driften behöver felanmäla det: programmet borde ha upptäckt felet.",
        en="an operator needs to report it: the program should have noticed the fault.",
    ),
}
"""What to do about a dead letter, and who does it."""
OTHER_ACTION = Message(sv="fråga driften.", en="ask an operator.")

READ_UNTIL = Message(
    sv="Händelser från e-tjänsterna är lästa till {newest}. Senast ändrades något i registret "
    "genom dem {applied}. Hur många som återstår att läsa framgår inte här.",
    en="Events from the e-services have been read up to {newest}. One last changed the registry at "
    "{applied}. How many remain to be read is not known here.",
)
NOTHING_READ = Message(
    sv="Ingen händelse från e-tjänsterna har lästs.",
    en="No event from the e-services has been read.",
)
WORKERS_READY = Message(
    sv="{count} arbetsprocesser läser händelser just nu.",
    en="{count} workers are reading events now.",
    sv_one="1 arbetsprocess läser händelser just nu.",
    en_one="1 worker is reading events now.",
)
WORKERS_NOT_READY = Message(
    sv="Ingen arbetsprocess kan läsa händelser just nu: driften ser varför. Det som e-tjänsterna "
    "har publicerat nyligen syns inte än.",
    en="No worker can read events now: an operator sees why. What the e-services have published "
    "recently is not shown yet.",
)
NO_WORKER = Message(
    sv="Ingen arbetsprocess läser händelser just nu: det som e-tjänsterna har publicerat nyligen "
    "syns inte än.",
    en="No worker is reading events now: what the e-services have published recently is not shown "
    "yet.",
)

WHO_E_SERVICES = Message(
    sv="E-tjänsterna aktiverar och stänger mottagningen och anger dess region; det läses som "
    "händelser.",
    en="The e-services activate and deactivate the clinic and state its region; that is read as "
    "events.",
)
WHO_ADMINISTRATOR = Message(
    sv="En administratör för {region}, eller en nationell, lägger till och tar bort mottagningen.",
    en="An administrator of {region}, or a national one, adds and removes the clinic.",
)
ITS_REGION = Message(sv="dess region", en="its region")
WHO_SUPPORT = Message(
    sv="Supporten anger regionens patientnämnd och sköter TAK-listan.",
    en="Support sets the region's patient board and maintains the TAK list.",
)
WHO_OPERATOR = Message(
    sv="Driften godkänner ändringar som väntar på beslut och tar hand om avvisade poster.",
    en="An operator approves held changes and deals with dead letters.",
)

IN_TAK_ALONE = Message(
    sv="Den finns i TAK: den har ett eget system.", en="It is in TAK: it has its own system."
)
NAMED_BY_DEAD_LETTERS = Message(
    sv="{count} poster som nämner den kunde inte tillämpas: avvisade poster {numbers}.",
    en="{count} records that name it could not be applied: dead letters {numbers}.",
    sv_one="1 post som nämner den kunde inte tillämpas: avvisad post {numbers}.",
    en_one="1 record that names it could not be applied: dead letter {numbers}.",
)
WRONG_CHECK_DIGIT = Message(
    sv="Kontrollsiffran i numret stämmer inte: kontrollera att det är rätt avskrivet.",
    en="The check digit of the number is wrong: check that it was copied correctly.",
)
NEAREST = Message(sv="Menade du {hsa_id}?", en="Did you mean {hsa_id}?")
