"""What is said of clinics that are added and removed, by hand and from files."""

from typing import NamedTuple

from sync_worker.language import Message

NO_SUCH_CLINICS = Message(sv="Det finns inga sådana mottagningar.", en="There are no such clinics.")
NOT_FOUND = Message(sv="Det finns ingen mottagning {hsa_id}.", en="There is no clinic {hsa_id}.")
NEVER_NAMED = Message(
    sv="E-tjänsterna har inte nämnt den i någon händelse som har lästs.",
    en="The e-services have not named it in any event that was read.",
)
REFUSED_BY_HAND = Message(
    sv="{refused} av {count} avvisades; listan säger varför.",
    en="{refused} of {count} refused; the list says why.",
)
REFUSED_ID = Message(sv="{hsa_id}: {why} {remedy}", en="{hsa_id}: {why} {remedy}")
TO_BE_REMOVED = Message(sv="Tas bort: {hsa_ids}", en="To be removed: {hsa_ids}")

ROWS_READ = Message(
    sv="{file}: {count} rader lästa.",
    en="{file}: {count} rows read.",
    sv_one="{file}: 1 rad läst.",
    en_one="{file}: 1 row read.",
)
STANDARD_INPUT = Message(sv="Standard in", en="Standard input")
ROW = Message(sv="  rad {line}: {what}", en="  line {line}: {what}")
NO_HSA_ID = Message(sv="(inget HSA-id)", en="(no HSA-id)")
REFUSED_ROWS = Message(
    sv="{count} avvisas, {code}: {why} {remedy}",
    en="{count} refused, {code}: {why} {remedy}",
)
NOTHING_TO_DO = Message(
    sv="Det finns inget att göra.",
    en="There is nothing to do.",
)
ROWS_REFUSED = Message(
    sv="{refused} av {count} rader avvisades; listan säger varför.",
    en="{refused} of {count} rows were refused; the list says why.",
)
CHANGED = Message(
    sv="{count} rader är inte längre som planen sade. De lämnades som de var:",
    en="{count} rows are not any more what the plan said. They were left as they were:",
    sv_one="1 rad är inte längre som planen sade. Den lämnades som den var:",
    en_one="1 row is not any more what the plan said. It was left as it was:",
)
CHANGED_ROW = Message(
    sv="  rad {line}: {hsa_id}, i planen {planned}, nu {now}",
    en="  line {line}: {hsa_id}, planned {planned}, now {now}",
)
BY_WHOM = Message(sv="Utfört av {actor}.", en="Done by {actor}.")
BY_WHOM_AND_WHY = Message(
    sv="Utfört av {actor}, orsak: {reason}.", en="Done by {actor}, reason: {reason}."
)

REPORT_WRITTEN = Message(
    sv="Rapporten {path} har {count} rader. Rätta dem där, och importera filen.",
    en="The report {path} has {count} rows. Correct them there, and import that file.",
    sv_one="Rapporten {path} har 1 rad. Rätta den där, och importera filen.",
    en_one="The report {path} has 1 row. Correct it there, and import that file.",
)
REPORT_EMPTY = Message(
    sv="Inget avvisades, så rapporten {path} har bara sin rubrik.",
    en="Nothing was refused, so the report {path} has its header alone.",
)
REPORT_IS_INPUT = Message(
    sv="Rapporten skulle skriva över den fil som läses.",
    en="The report would overwrite the file that is read.",
)
REPORT_UNWRITABLE = Message(
    sv="Rapporten {path} kan inte skrivas: {why}.",
    en="The report {path} cannot be written: {why}.",
)
DEED_STANDS = Message(
    sv="Det som gjordes gäller.",
    en="What was done stands.",
)
REPORT_COLUMNS = (
    Message(sv="HSA-id", en="HSA-id"),
    Message(sv="Rad", en="Line"),
    Message(sv="Kod", en="Code"),
    Message(sv="Orsak", en="Reason"),
    Message(sv="Åtgärd", en="What to do"),
)
NOT_DONE = Message(
    sv="Raden avvisades inte, men andra rader gjorde det.",
    en="The row was not refused, but others were.",
)


class Wording(NamedTuple):
    """What adding and removing are called."""

    planned: Message
    nothing_new: Message
    question: Message
    progress: Message
    done: Message


ADDING = Wording(
    planned=Message(
        sv="{count} mottagningar läggs till.",
        en="{count} clinics are to be added.",
        sv_one="1 mottagning läggs till.",
        en_one="1 clinic is to be added.",
    ),
    nothing_new=Message(
        sv="{count} är redan tillagda.",
        en="{count} are registered already.",
        sv_one="1 är redan tillagd.",
        en_one="1 is registered already.",
    ),
    question=Message(
        sv="Lägg till {count} mottagningar?",
        en="Add {count} clinics?",
        sv_one="Lägg till 1 mottagning?",
        en_one="Add 1 clinic?",
    ),
    progress=Message(sv="lägger till", en="adding"),
    done=Message(
        sv="{count} mottagningar lades till.",
        en="{count} clinics added.",
        sv_one="1 mottagning lades till.",
        en_one="1 clinic added.",
    ),
)
REMOVING = Wording(
    planned=Message(
        sv="{count} mottagningar tas bort.",
        en="{count} clinics are to be removed.",
        sv_one="1 mottagning tas bort.",
        en_one="1 clinic is to be removed.",
    ),
    nothing_new=Message(
        sv="{count} är inte tillagda.",
        en="{count} are not registered.",
        sv_one="1 är inte tillagd.",
        en_one="1 is not registered.",
    ),
    question=Message(
        sv="Ta bort {count} mottagningar?",
        en="Remove {count} clinics?",
        sv_one="Ta bort 1 mottagning?",
        en_one="Remove 1 clinic?",
    ),
    progress=Message(sv="tar bort", en="removing"),
    done=Message(
        sv="{count} mottagningar togs bort.",
        en="{count} clinics removed.",
        sv_one="1 mottagning togs bort.",
        en_one="1 clinic removed.",
    ),
)
