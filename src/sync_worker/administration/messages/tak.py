"""What is said of the list of clinics with a system of their own."""

from sync_worker.language import Message

EMPTY = Message(
    sv="Ingen mottagning har ett eget handläggningssystem.",
    en="No clinic has a system of its own.",
)
COMES = Message(
    sv="{count} kommer till:",
    en="{count} come:",
    sv_one="1 kommer till:",
    en_one="1 comes:",
)
GOES = Message(
    sv="{count} försvinner:",
    en="{count} go:",
    sv_one="1 försvinner:",
    en_one="1 goes:",
)
STAYS = Message(
    sv="{count} står kvar.",
    en="{count} stay.",
    sv_one="1 står kvar.",
    en_one="1 stays.",
)
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
    sv="{count} mottagningar står i TAK och är tillagda här. En mottagning har ett system: ta bort "
    "dem här, eller ur TAK:",
    en="{count} clinics are in TAK and registered here. A clinic has one system: remove them here, "
    "or from TAK:",
    sv_one="1 mottagning står i TAK och är tillagd här. En mottagning har ett system: ta bort den "
    "här, eller ur TAK:",
    en_one="1 clinic is in TAK and registered here. A clinic has one system: remove it here, or "
    "from TAK:",
)
NOTHING_TO_DO = Message(
    sv="Listan är redan exakt sådan: det finns inget att göra.",
    en="The list is exactly that already: nothing to do.",
)
QUESTION = Message(
    sv="Ersätt listan?",
    en="Replace the list?",
)
REPLACED = Message(
    sv="Listan är ersatt: den har {count} mottagningar.",
    en="The list is replaced: it has {count} clinics.",
    sv_one="Listan är ersatt: den har 1 mottagning.",
    en_one="The list is replaced: it has 1 clinic.",
)
SHORT = Message(
    sv="Filen har {new} mottagningar, och listan har {present}: färre än 80 %.",
    en="The file has {new} clinics, and the list has {present}: fewer than 80 %.",
)
SHORT_WHY = Message(
    sv="Inget gjordes: en så kort lista är oftast en del av en lista.",
    en="Nothing was done: so short a list is mostly a part of one.",
)
MALFORMED = Message(
    sv="Inget gjordes: {refused} av {count} rader är inga HSA-id:n (rad {lines}), och listan "
    "skulle sakna det som menas. Rätta filen.",
    en="Nothing was done: {refused} of {count} rows are no HSA-ids (line {lines}), and the list "
    "would lack what they mean. Correct the file.",
)
CHANGED = Message(
    sv="Någon annan ändrade listan under tiden.",
    en="Somebody else changed the list meanwhile.",
)
