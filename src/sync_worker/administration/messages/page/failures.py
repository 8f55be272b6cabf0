"""What is said where a page cannot be shown, or nothing was done: why, and what to do."""

from sync_worker.language import Message

NOT_FOUND_HEADING = Message(sv="Sidan finns inte", en="There is no such page")
NOT_FOUND = Message(
    sv="Kontrollera adressen, eller gå till startsidan.",
    en="Check the address, or go to the start page.",
)
CLINIC_NOT_FOUND_HEADING = Message(sv="Mottagningen är inte känd", en="The clinic is not known")
CLINIC_NOT_FOUND = Message(
    sv="{hsa_id} förekommer inte i någon händelse från e-tjänsterna som har lästs. Kontrollera "
    "HSA-id:t och aktivera mottagningen i e-tjänsterna.",
    en="No event that was read from the e-services names {hsa_id}. Check the HSA-id and activate "
    "the clinic in the e-services.",
)
REGION_NOT_FOUND_HEADING = Message(sv="Regionen finns inte", en="There is no such region")
REGION_NOT_FOUND = Message(
    sv="Det finns ingen region med koden {code}. En regionkod har två tecken, till exempel 01.",
    en="There is no region with the code {code}. A region code is two characters, for example 01.",
)
WRONG_METHOD_HEADING = Message(sv="Det går inte att göra så", en="That cannot be done")
WRONG_METHOD = Message(
    sv="Adressen går inte att öppna på det sättet, och inget gjordes. Gå till startsidan och "
    "börja därifrån.",
    en="The address cannot be opened that way, and nothing was done. Go to the start page and "
    "begin there.",
)
FILE_TOO_LARGE_HEADING = Message(sv="Filen är för stor", en="The file is too large")
FILE_TOO_LARGE = Message(
    sv="Filen får vara högst {most} MiB, och inget lästes. Dela upp den i flera filer, eller "
    "kontakta supporten: e-tjanster@1177.se.",
    en="The file may be at most {most} MiB, and nothing was read. Split it into several files, or "
    "contact support: e-tjanster@1177.se.",
)
TOO_MUCH_HEADING = Message(sv="Det var för mycket på en gång", en="That was too much at once")
TOO_MUCH = Message(
    sv="Formuläret innehöll mer än vad som kan tas emot, så inget gjordes. Korta ner det du skrev "
    "och försök igen.",
    en="The form held more than can be received, so nothing was done. Shorten what you wrote and "
    "try again.",
)
UNREADABLE_FORM_HEADING = Message(
    sv="Formuläret gick inte att läsa", en="The form could not be read"
)
UNREADABLE_FORM = Message(
    sv="Inget gjordes. Gå tillbaka, fyll i formuläret igen och skicka det på nytt.",
    en="Nothing was done. Go back, fill in the form again and send it once more.",
)
BAD_REQUEST_HEADING = Message(
    sv="Begäran gick inte att förstå", en="The request was not understood"
)
BAD_REQUEST = Message(
    sv="Inget gjordes. Gå till startsidan och börja därifrån.",
    en="Nothing was done. Go to the start page and begin there.",
)
OTHER_HOST_HEADING = Message(sv="Fel adress", en="Wrong address")
OTHER_HOST = Message(
    sv="Sidan finns på en annan adress än den som angavs, så inget gjordes. Öppna den från din "
    "startsida.",
    en="The page has another address than the one that was given, so nothing was done. Open it "
    "from your start page.",
)
OTHER_ORIGIN_HEADING = Message(sv="Inget gjordes", en="Nothing was done")
OTHER_ORIGIN = Message(
    sv="Begäran kom inte härifrån, så inget gjordes. Öppna sidan på nytt och försök igen.",
    en="The request did not come from here, so nothing was done. Open the page again and try "
    "again.",
)
UNAVAILABLE_HEADING = Message(sv="Det går inte just nu", en="That is not possible right now")
UNAVAILABLE = Message(
    sv="Inget ändrades. Försök igen om en stund.",
    en="Nothing was changed. Try again in a while.",
)
UNKNOWN_OUTCOME_HEADING = Message(sv="Vi fick inget svar", en="We got no answer")
UNKNOWN_OUTCOME = Message(
    sv="Vi vet inte om ändringen hann sparas. Ladda om sidan: syns kvittot är den gjord.",
    en="We do not know whether the change was saved in time. Reload the page: if the receipt is "
    "shown, it was made.",
)
OTHER_REVISION = Message(
    sv="Systemet håller på att uppdateras. Inget ändrades. Försök igen om en stund.",
    en="The system is being updated. Nothing was changed. Try again in a while.",
)
BUSY = Message(
    sv="Många använder sidan just nu. Inget ändrades. Försök igen om {seconds} sekunder.",
    en="Many people are using the page right now. Nothing was changed. Try again in {seconds} "
    "seconds.",
)
UNEXPECTED_HEADING = Message(sv="Något gick fel", en="Something went wrong")
UNEXPECTED = Message(
    sv="Något gick fel hos oss. Ange {reference} när du kontaktar supporten.",
    en="Something went wrong on our side. State {reference} when you contact support.",
)
