"""What is said of many clinics at once: the file, the plan, and the receipt."""

from collections.abc import Mapping
from typing import NamedTuple

from sync_worker.domain.admission import AdmissionOutcome
from sync_worker.language import Message

HEADING = Message(
    sv="Lägg till eller ta bort flera från fil", en="Add or remove several from a file"
)
NOTHING_YET = Message(
    sv="Inget ändras förrän du har granskat och bekräftat.",
    en="Nothing changes until you have reviewed and confirmed it.",
)
FILE = Message(sv="Textfil eller csv-fil", en="Text or csv file")
FILE_HINT = Message(
    sv="Ett HSA-id per rad, eller en kolumn som heter HSA-id. Högst {megabytes} MiB och {rows} "
    "rader. Från Excel: Arkiv, Spara som, CSV UTF-8.",
    en="One HSA-id per line, or a column called HSA-id. At most {megabytes} MiB and {rows} rows. "
    "From Excel: File, Save As, CSV UTF-8.",
)
READ_FILE = Message(sv="Läs filen", en="Read the file")
NO_FILE = Message(sv="Välj en fil.", en="Choose a file.")
FILE_AGAIN = Message(
    sv="Välj filen igen: den sparas inte med formuläret.",
    en="Choose the file again: it is not kept with the form.",
)
UNREADABLE = Message(sv="{what} {remedy}", en="{what} {remedy}")
TOO_MANY_CELLS = Message(
    sv="Filen har fler än {most} celler: det kan inte vara en lista över mottagningar.",
    en="The file has more than {most} cells: it cannot be a list of clinics.",
)
NO_ID_COLUMN = Message(
    sv="Ingen kolumn heter HSA-id, och ingen ser ut att innehålla HSA-id:n. Skriv HSA-id som "
    "rubrik på den kolumn som ska läsas.",
    en="No column is called HSA-id, and none seems to contain HSA-ids. Write HSA-id as the header "
    "of the column to read.",
)
REMARKS = Message(sv="{first} {others}", en="{first} {others}")
"""What is odd about how a file was read: one sentence, and the others."""
ACTION = Message(sv="Vad ska göras?", en="What is to be done?")
ACTION_ADD = Message(sv="Lägg till mottagningarna i filen", en="Add the clinics in the file")
ACTION_REMOVE = Message(sv="Ta bort mottagningarna i filen", en="Remove the clinics in the file")
ACTION_MISSING = Message(
    sv="Välj om mottagningarna ska läggas till eller tas bort.",
    en="Choose whether the clinics are to be added or removed.",
)
TOO_MANY_AT_ONCE = Message(
    sv="En annan fil från dig läses just nu. Vänta tills den är klar och försök igen.",
    en="Another file of yours is being read right now. Wait until it is done and try again.",
)
ASK_SUPPORT = Message(
    sv="Behöver du läsa in en större fil? Kontakta supporten: e-tjanster@1177.se.",
    en="Do you need a larger file? Contact support: e-tjanster@1177.se.",
)
SENT_BEFORE = Message(sv="Du läste in samma fil {time}.", en="You gave the same file at {time}.")
SEE_RECEIPT = Message(sv="Visa kvittot", en="Show the receipt")
SOURCE_FILE = Message(sv="Från filen {file}", en="From the file {file}")
SOURCE_TICKED = Message(sv="Från listan", en="From the list")
SOURCE_CORRECTED = Message(sv="Rättade rader", en="Corrected rows")

REFUSED = Message(
    sv="{count} rader avvisas.",
    en="{count} rows are refused.",
    sv_one="1 rad avvisas.",
    en_one="1 row is refused.",
)
WERE_REFUSED = Message(
    sv="{count} rader avvisades.",
    en="{count} rows were refused.",
    sv_one="1 rad avvisades.",
    en_one="1 row was refused.",
)
NONE_REFUSED = Message(sv="Inga rader avvisas.", en="No rows are refused.")
NOTHING_TO_DO = Message(
    sv="Det finns inget att göra: inget ändras.", en="There is nothing to do: nothing changes."
)
SHOW_PLANNED = Message(sv="Visa mottagningarna", en="Show the clinics")
REFUSED_HEADING = Message(sv="Avvisade rader", en="Refused rows")
GROUP_COUNT = Message(sv="{count} rader.", en="{count} rows.", sv_one="1 rad.", en_one="1 row.")
LINE = Message(sv="Rad {line}", en="Line {line}")
NO_HSA_ID = Message(sv="(inget HSA-id)", en="(no HSA-id)")
DOWNLOAD_REFUSED = Message(
    sv="Ladda ner de avvisade raderna (csv)", en="Download the refused rows (csv)"
)
CANCEL = Message(sv="Avbryt, gör inget", en="Cancel, do nothing")
EXPIRES = Message(sv="Granskningen gäller till {time}.", en="The review is valid until {time}.")
STALE = Message(
    sv="Sedan du granskade har {count} rader ändrats. Se efter vad som är nytt, och bekräfta igen.",
    en="{count} rows have changed since you reviewed them. See what is new, and confirm again.",
    sv_one="Sedan du granskade har 1 rad ändrats. Se efter vad som är nytt, och bekräfta igen.",
    en_one="1 row has changed since you reviewed them. See what is new, and confirm again.",
)
CHANGED_HEADING = Message(sv="Ändrade rader", en="Changed rows")
OUTCOMES: Mapping[AdmissionOutcome, Message] = {
    AdmissionOutcome.ADDED: Message(sv="Läggs till.", en="Is added."),
    AdmissionOutcome.ALREADY_REGISTERED: Message(sv="Är redan tillagd.", en="Already registered."),
    AdmissionOutcome.REMOVED: Message(sv="Tas bort.", en="Is removed."),
    AdmissionOutcome.NOT_REGISTERED: Message(sv="Är inte tillagd.", en="Not registered."),
    AdmissionOutcome.REFUSED: Message(sv="Avvisas.", en="Is refused."),
    AdmissionOutcome.NOT_DONE: Message(sv="Görs inte.", en="Is not done."),
}
"""What becomes of a row that has changed."""
CHECK_DIGIT = Message(
    sv="Kontrollsiffran i numret stämmer inte: kontrollera att det är rätt avskrivet.",
    en="The check digit of the number is wrong: check that it was copied correctly.",
)
FOR_REASON = Message(sv="Anledning: {reason}", en="Reason: {reason}")
CHANGED_FIRST = Message(
    sv="De första {shown} ändrade raderna visas.", en="The first {shown} changed rows are shown."
)
GROUP_FIRST = Message(
    sv="De första {shown} visas. Alla finns i den fil som går att ladda ner.",
    en="The first {shown} are shown. All are in the file that can be downloaded.",
)
ROW_CHANGED = Message(sv="Nytt: {now} Förut: {before}", en="New: {now} Before: {before}")

CORRECT_HEADING = Message(sv="Rätta avvisade rader", en="Correct refused rows")
CORRECT_HINT = Message(
    sv="Rätta HSA-id:na här i stället för i filen. En rad som du tömmer hoppas över.",
    en="Correct the HSA-ids here instead of in the file. A row that you empty is skipped.",
)
CORRECT_APART = Message(
    sv="De rättade raderna får en egen granskning. Den här finns kvar under Mina importer.",
    en="The corrected rows get a review of their own. This one remains under My imports.",
)
CORRECT_FIRST = Message(
    sv="De första {count} raderna visas. De övriga finns i den fil som går att ladda ner.",
    en="The first {count} rows are shown. The others are in the file that can be downloaded.",
    sv_one="Den första raden visas. De övriga finns i den fil som går att ladda ner.",
    en_one="The first row is shown. The others are in the file that can be downloaded.",
)
CORRECT_ROW = Message(sv="HSA-id på rad {line}", en="HSA-id on line {line}")
REVIEW_AGAIN = Message(sv="Granska på nytt", en="Review again")
CORRECTED_NONE = Message(
    sv="Rätta minst en rad innan du granskar på nytt.",
    en="Correct at least one row before you review again.",
)

DONE_BY = Message(sv="Utfört av {actor} {time}.", en="Done by {actor} at {time}.")
DONE_BY_AND_WHY = Message(
    sv="Utfört av {actor} {time}. Anledning: {reason}.",
    en="Done by {actor} at {time}. Reason: {reason}.",
)
LEFT_UNCHANGED = Message(
    sv="{count} rader stämde inte längre med granskningen och lämnades orörda.",
    en="{count} rows no longer matched the review and were left unchanged.",
    sv_one="1 rad stämde inte längre med granskningen och lämnades orörd.",
    en_one="1 row no longer matched the review and was left unchanged.",
)
DONE_ALREADY = Message(
    sv="Importen gjordes redan {time}. Inget har gjorts en gång till.",
    en="The import was already done at {time}. Nothing was done once more.",
)
RECEIPT_KEPT = Message(
    sv="Kvittot finns kvar på den här adressen i {days} dagar.",
    en="The receipt is kept at this address for {days} days.",
)

EXPIRED_HEADING = Message(sv="Granskningen gäller inte längre", en="The review has expired")
EXPIRED = Message(
    sv="En granskning gäller i {hours} timmar. Inget har ändrats. Läs in filen igen.",
    en="A review is valid for {hours} hours. Nothing was changed. Read the file again.",
)
EXPIRED_TICKED = Message(
    sv="En granskning gäller i {hours} timmar. Inget har ändrats. Välj mottagningarna igen.",
    en="A review is valid for {hours} hours. Nothing was changed. Choose the clinics again.",
)
NOT_FOUND_HEADING = Message(sv="Importen finns inte", en="There is no such import")
NOT_FOUND = Message(
    sv="Den har tagits bort, eller så är adressen fel. Kvitton sparas i {days} dagar.",
    en="It was deleted, or the address is wrong. Receipts are kept for {days} days.",
)
NOT_YOURS = Message(
    sv="Någon annan har påbörjat importen. Bara den som läste in filen kan bekräfta den.",
    en="Somebody else has begun the import. Only who gave the file can confirm it.",
)

LIST_HEADING = Message(sv="Mina importer", en="My imports")
LIST_EMPTY = Message(
    sv="Du har inte importerat något de senaste {days} dagarna.",
    en="You have imported nothing within the last {days} days.",
)
LIST_PENDING = Message(sv="Väntar på att du bekräftar", en="Waits for you to confirm")
LIST_DONE = Message(sv="Gjord {time}", en="Done at {time}")
LIST_EXPIRED = Message(sv="Gäller inte längre", en="Expired")


class ManyWording(NamedTuple):
    """What adding many clinics and removing them are called."""

    heading: Message
    nothing_yet: Message
    review: Message
    planned: Message
    already: Message
    confirm: Message
    receipt: Message
    was_already: Message


ADDING = ManyWording(
    heading=Message(sv="Lägg till flera från fil", en="Add several from a file"),
    nothing_yet=Message(
        sv="Inget läggs till förrän du har granskat och bekräftat.",
        en="Nothing is added until you have reviewed and confirmed it.",
    ),
    review=Message(sv="Granska innan du lägger till", en="Review before you add"),
    planned=Message(
        sv="{count} mottagningar läggs till.",
        en="{count} clinics will be added.",
        sv_one="1 mottagning läggs till.",
        en_one="1 clinic will be added.",
    ),
    already=Message(
        sv="{count} är redan tillagda.",
        en="{count} are already registered.",
        sv_one="1 är redan tillagd.",
        en_one="1 is already registered.",
    ),
    confirm=Message(
        sv="Lägg till {count} mottagningar",
        en="Add {count} clinics",
        sv_one="Lägg till 1 mottagning",
        en_one="Add 1 clinic",
    ),
    receipt=Message(
        sv="{count} mottagningar lades till",
        en="{count} clinics were added",
        sv_one="1 mottagning lades till",
        en_one="1 clinic was added",
    ),
    was_already=Message(
        sv="{count} var redan tillagda.",
        en="{count} were already registered.",
        sv_one="1 var redan tillagd.",
        en_one="1 was already registered.",
    ),
)
REMOVING = ManyWording(
    heading=Message(sv="Ta bort flera från fil", en="Remove several from a file"),
    nothing_yet=Message(
        sv="Inget tas bort förrän du har granskat och bekräftat.",
        en="Nothing is removed until you have reviewed and confirmed it.",
    ),
    review=Message(sv="Granska innan du tar bort", en="Review before you remove"),
    planned=Message(
        sv="{count} mottagningar tas bort. De slutar ta emot nya ärenden och går inte att söka "
        "fram.",
        en="{count} clinics will be removed. They stop receiving new cases and are not searchable.",
        sv_one="1 mottagning tas bort. Den slutar ta emot nya ärenden och går inte att söka fram.",
        en_one="1 clinic will be removed. It stops receiving new cases and is not searchable.",
    ),
    already=Message(
        sv="{count} är inte tillagda.",
        en="{count} are not registered.",
        sv_one="1 är inte tillagd.",
        en_one="1 is not registered.",
    ),
    confirm=Message(
        sv="Ta bort {count} mottagningar",
        en="Remove {count} clinics",
        sv_one="Ta bort 1 mottagning",
        en_one="Remove 1 clinic",
    ),
    receipt=Message(
        sv="{count} mottagningar togs bort",
        en="{count} clinics were removed",
        sv_one="1 mottagning togs bort",
        en_one="1 clinic was removed",
    ),
    was_already=Message(
        sv="{count} var inte tillagda.",
        en="{count} were not registered.",
        sv_one="1 var inte tillagd.",
        en_one="1 was not registered.",
    ),
)
