"""What operators read: how far the stream is read, what is held, and what could not be applied."""

from sync_worker.language import Message

HEADING = Message(sv="Drift", en="Operations")
STREAM_HEADING = Message(sv="Läsningen av händelser", en="How events are read")
STREAM_CAPTION = Message(sv="Hur långt varje topic är läst", en="How far each topic is read")
TOPIC = Message(sv="Topic", en="Topic")
READ_UNTIL = Message(sv="Läst till", en="Read up to")
LAST_APPLIED = Message(sv="Senast tillämpad", en="Last applied")
PARTITIONS = Message(sv="Partitioner", en="Partitions")
NOTHING = Message(sv="Inget", en="Nothing")
LAG_UNKNOWN = Message(
    sv="Hur många poster som återstår att läsa framgår inte här: sidan frågar inte Kafka.",
    en="How many records remain to be read is not known here: the page does not ask Kafka.",
)
WORKERS_HEADING = Message(sv="Arbetsprocesser", en="Workers")
WORKERS_NONE = Message(sv="Ingen arbetsprocess har hört av sig.", en="No worker has reported.")
WORKER = Message(sv="Namn", en="Name")
WORKER_SEEN = Message(sv="Hördes av", en="Last reported")
WORKER_STATE = Message(sv="Tillstånd", en="State")
WORKER_READY = Message(sv="Läser", en="Reading")
WORKER_NOT_READY = Message(sv="Läser inte", en="Not reading")
WORKER_SILENT = Message(sv="Har slutat höra av sig", en="Has stopped reporting")
HOLDS_HEADING = Message(sv="Massändringar som väntar på beslut", en="Open holds")
HOLDS_NONE = Message(sv="Inget väntar på beslut.", en="Nothing waits for a decision.")
HOLD_HEADING = Message(sv="Massändring {number}", en="Hold {number}")
HOLD_COUNT = Message(
    sv="{count} mottagningar, sedan {time}",
    en="{count} clinics, since {time}",
    sv_one="1 mottagning, sedan {time}",
    en_one="1 clinic, since {time}",
)
HOLD_APPROVAL = Message(
    sv="Godkännande görs med kommandot, inte här.", en="Approval is done by command, not here."
)
NO_HOLD_HEADING = Message(sv="Massändringen väntar inte", en="There is no such open hold")
NO_HOLD = Message(
    sv="Ingen massändring med det numret väntar på beslut. Den kan redan ha godkänts eller "
    "rättats.",
    en="No hold with that number is open. It may have been approved or corrected already.",
)
BACK = Message(sv="Tillbaka till Drift", en="Back to Operations")
LETTERS_HEADING = Message(sv="Avvisade poster", en="Dead letters")
LETTERS_CAPTION = Message(
    sv="Avvisade poster som väntar på åtgärd, efter orsak", en="Open dead letters, by reason"
)
LETTERS_NONE = Message(sv="Inga poster väntar på åtgärd.", en="No dead letters are open.")
LETTERS_COUNT = Message(sv="Antal", en="Number")
LETTERS_OLDEST = Message(sv="Äldst", en="Oldest")
COMMAND = Message(sv="Kommando", en="Command")
