"""What is said of clinics that are added and removed, by hand and from files."""

from typing import NamedTuple

from sync_worker.language import Message

NO_SUCH_CLINICS = Message(sv="Det finns inga sådana mottagningar.", en="There are no such clinics.")
NOT_FOUND = Message(sv="Det finns ingen mottagning {hsa_id}.", en="There is no clinic {hsa_id}.")
NEVER_NAMED = Message(
    sv="Den förekommer inte i någon händelse från e-tjänsterna som har lästs.",
    en="No event that was read from the e-services names it.",
)
REFUSED_BY_HAND = Message(
    sv="{refused} av {count} avvisades; orsakerna framgår av listan.",
    en="{refused} of {count} were refused; the list gives the reasons.",
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
NOTHING_TO_DO = Message(sv="Ingenting behöver göras.", en="There is nothing to do.")
ROWS_REFUSED = Message(
    sv="{refused} av {count} rader avvisades; orsakerna framgår av listan.",
    en="{refused} of {count} rows were refused; the list gives the reasons.",
)
CHANGED = Message(
    sv="{count} rader stämmer inte längre med planen och lämnades orörda:",
    en="{count} rows no longer match the plan and were left unchanged:",
    sv_one="1 rad stämmer inte längre med planen och lämnades orörd:",
    en_one="1 row no longer matches the plan and was left unchanged:",
)
CHANGED_ROW = Message(
    sv="  rad {line}: {hsa_id}, enligt planen {planned}, nu {now}",
    en="  line {line}: {hsa_id}, planned {planned}, now {now}",
)
BY_WHOM = Message(sv="Utfört av {actor}.", en="Done by {actor}.")
BY_WHOM_AND_WHY = Message(
    sv="Utfört av {actor}, orsak: {reason}.", en="Done by {actor}, reason: {reason}."
)
REPORT_WRITTEN = Message(
    sv="Rapporten {path} innehåller {count} rader. Rätta dem där och importera den filen.",
    en="The report {path} has {count} rows. Correct them there and import that file.",
    sv_one="Rapporten {path} innehåller 1 rad. Rätta den där och importera den filen.",
    en_one="The report {path} has 1 row. Correct it there and import that file.",
)
REPORT_EMPTY = Message(
    sv="Inget avvisades: rapporten {path} innehåller bara en rubrikrad.",
    en="Nothing was refused: the report {path} has only a header line.",
)
REPORT_IS_INPUT = Message(
    sv="Rapporten skulle skriva över filen som läses.",
    en="The report would overwrite the file that is being read.",
)
REPORT_UNWRITABLE = Message(
    sv="Det gick inte att skriva rapporten {path}: {why}.",
    en="The report {path} cannot be written: {why}.",
)
CHANGES_MADE = Message(sv="Ändringarna är genomförda.", en="The changes have been made.")
REPORT_COLUMNS = (
    Message(sv="HSA-id", en="HSA-id"),
    Message(sv="Rad", en="Line"),
    Message(sv="Kod", en="Code"),
    Message(sv="Orsak", en="Reason"),
    Message(sv="Åtgärd", en="What to do"),
)
NOT_DONE = Message(
    sv="Raden avvisades inte, men andra rader gjorde det.",
    en="This row was not refused, but others were.",
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
        sv="{count} mottagningar kommer att läggas till.",
        en="{count} clinics will be added.",
        sv_one="1 mottagning kommer att läggas till.",
        en_one="1 clinic will be added.",
    ),
    nothing_new=Message(
        sv="{count} är redan tillagda.",
        en="{count} are already registered.",
        sv_one="1 är redan tillagd.",
        en_one="1 is already registered.",
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
        sv="{count} mottagningar kommer att tas bort.",
        en="{count} clinics will be removed.",
        sv_one="1 mottagning kommer att tas bort.",
        en_one="1 clinic will be removed.",
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
