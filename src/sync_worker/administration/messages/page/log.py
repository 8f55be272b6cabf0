"""What is said of the change log: its page, its filter, and what each kind of change is called."""

from collections.abc import Mapping

from sync_worker.language import Message

HEADING = Message(sv="Händelser i {region}", en="Changes in {region}")
HEADING_NATIONAL = Message(sv="Händelser i hela landet", en="Changes in the whole country")
CAPTION = Message(sv="Händelser, de senaste först", en="Changes, the newest first")
EMPTY = Message(sv="Inget har hänt än.", en="Nothing has happened yet.")
NOT_FOUND = Message(sv="Ingen händelse stämmer med urvalet.", en="No change matches the filter.")
FILTER_CHANGE = Message(sv="Vad som hände", en="What happened")
FILTER_ALL = Message(sv="Allt", en="Everything")
ALL_REGIONS = Message(sv="Alla", en="All")
FILTER_ACTOR = Message(sv="Av vem (HSA-id)", en="By whom (HSA-id)")
FILTER_CLINIC = Message(sv="Mottagning (HSA-id)", en="Clinic (HSA-id)")
FILTER_BUTTON = Message(sv="Visa urvalet", en="Apply the filter")
CLEAR_FILTER = Message(sv="Visa alla händelser", en="Show all changes")
BY_EVENT = Message(sv="Händelse {event_id}", en="Event {event_id}")
BY_SYSTEM = Message(sv="Direkt i databasen", en="Directly in the database")
COLUMN_ABOUT = Message(sv="Gäller", en="About")
COLUMN_EVENT = Message(sv="Händelse", en="Event")
COLUMN_TOPIC = Message(sv="Topic", en="Topic")
COLUMN_PARTITION = Message(sv="Partition", en="Partition")
COLUMN_OFFSET = Message(sv="Plats", en="Offset")
ABOUT_ALL = Message(sv="Flera mottagningar", en="Several clinics")
NEWER = Message(sv="Nyare händelser", en="Newer changes")
OLDER = Message(sv="Äldre händelser", en="Older changes")
NEWEST = Message(sv="De senaste händelserna", en="The newest changes")
NO_OLDER = Message(sv="Det finns inga äldre händelser.", en="There are no older changes.")
FROM_TO = Message(sv="Från {old} till {new}", en="From {old} to {new}")
ACTIVE = Message(sv="aktiverad", en="activated")
INACTIVE = Message(sv="stängd", en="deactivated")
REASON = Message(sv="Anledning: {reason}", en="Reason: {reason}")

CHANGES: Mapping[str, Message] = {
    "activated": Message(sv="Aktiverad i e-tjänsterna", en="Activated in the e-services"),
    "deactivated": Message(sv="Stängd i e-tjänsterna", en="Deactivated in the e-services"),
    "moved": Message(sv="Bytte administrativ region", en="Moved to another region"),
    "renamed": Message(sv="Bytte namn", en="Renamed"),
    "held": Message(
        sv="En ändring började vänta på beslut", en="A change began to wait for a decision"
    ),
    "withdrawn": Message(
        sv="En ändring som väntade på beslut drogs tillbaka",
        en="A change that waited for a decision was withdrawn",
    ),
    "registered": Message(sv="Tillagd", en="Added"),
    "removed": Message(sv="Borttagen", en="Removed"),
    "board_set": Message(sv="Patientnämnd angiven", en="Patient board set"),
    "board_cleared": Message(sv="Patientnämnd borttagen", en="Patient board cleared"),
    "own_system_added": Message(sv="Inlagd i TAK", en="Added to TAK"),
    "own_system_removed": Message(sv="Uttagen ur TAK", en="Removed from TAK"),
    "hold_approved": Message(
        sv="Ändringar som väntade på beslut godkändes",
        en="Changes that waited for a decision were approved",
    ),
    "hold_acknowledged": Message(sv="Massändring kvitterad", en="Hold acknowledged"),
    "repaired": Message(
        sv="Rättad efter jämförelse med e-tjänsterna",
        en="Repaired after a comparison with the e-services",
    ),
    "replayed": Message(sv="Händelser lästes om", en="Events were replayed"),
    "positions_reset": Message(sv="Läsningens plats ändrades", en="Positions were reset"),
    "letter_redriven": Message(
        sv="En avvisad post tillämpades på nytt", en="A dead letter was redriven"
    ),
    "letter_discarded": Message(sv="En avvisad post avslutades", en="A dead letter was discarded"),
    "letters_purged": Message(sv="Avvisade poster rensades", en="Dead letters were purged"),
}
"""Each kind of change that the log has, in words."""
OTHER_CHANGE = Message(sv="Annan ändring ({change})", en="Another change ({change})")
