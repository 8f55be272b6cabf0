"""What is said of the list of clinics with a system of their own."""

from sync_worker.language import Message

EMPTY = Message(
    sv="Ingen mottagning har ett eget handläggningssystem.", en="No clinic has its own system."
)
ADDED = Message(sv="{count} läggs till:", en="{count} to be added:")
REMOVED = Message(sv="{count} tas bort:", en="{count} to be removed:")
KEPT = Message(sv="{count} står kvar.", en="{count} kept.")
STOPS = Message(
    sv="{count} tillagda mottagningar slutar ta emot ärenden här:",
    en="{count} registered clinics stop receiving cases here:",
    sv_one="1 tillagd mottagning slutar ta emot ärenden här:",
    en_one="1 registered clinic stops receiving cases here:",
)
STARTS = Message(
    sv="{count} tillagda mottagningar börjar ta emot ärenden här igen:",
    en="{count} registered clinics start receiving cases here again:",
    sv_one="1 tillagd mottagning börjar ta emot ärenden här igen:",
    en_one="1 registered clinic starts receiving cases here again:",
)
IN_BOTH = Message(
    sv="{count} mottagningar finns i TAK och är tillagda här. En mottagning kan bara ha ett "
    "system: ta bort dem här eller ur TAK:",
    en="{count} clinics are in TAK and registered here. A clinic can only have one system: "
    "remove them here or from TAK:",
    sv_one="1 mottagning finns i TAK och är tillagd här. En mottagning kan bara ha ett system: "
    "ta bort den här eller ur TAK:",
    en_one="1 clinic is in TAK and registered here. A clinic can only have one system: remove "
    "it here or from TAK:",
)
NOTHING_TO_DO = Message(
    sv="Listan är redan likadan: ingenting behöver göras.",
    en="The list is already the same: nothing to do.",
)
PROGRESS = Message(sv="ersätter listan", en="replacing the list")
QUESTION = Message(
    sv="Ersätt listan?",
    en="Replace the list?",
)
REPLACED = Message(
    sv="Listan har ersatts och innehåller {count} mottagningar.",
    en="The list was replaced and has {count} clinics.",
    sv_one="Listan har ersatts och innehåller 1 mottagning.",
    en_one="The list was replaced and has 1 clinic.",
)
SHORT = Message(
    sv="Filen innehåller {new} mottagningar och listan {present}: färre än 80 %.",
    en="The file has {new} clinics and the list has {present}: fewer than 80 %.",
)
SHORT_WHY = Message(
    sv="Ingenting ändrades: en så kort lista är oftast bara en del av den hela.",
    en="Nothing was changed: such a short list is usually only a part of the whole.",
)
MALFORMED = Message(
    sv="Ingenting ändrades: {refused} av {count} rader är inte giltiga HSA-id:n (rad "
    "{lines}); de mottagningar som avses skulle saknas i listan. Rätta filen.",
    en="Nothing was changed: {refused} of {count} rows are not valid HSA-ids (line "
    "{lines}); the clinics that are meant would be missing from the list. Correct the "
    "file.",
)
CHANGED = Message(
    sv="Någon annan har ändrat listan sedan planen visades.",
    en="Somebody else has changed the list since the plan was shown.",
)
