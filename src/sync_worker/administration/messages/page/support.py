"""What support reads before it changes a region's patient board; the deed is done by command."""

from sync_worker.language import Message

HEADING = Message(sv="Patientnämnd i {region}", en="Patient board of {region}")
LIST_HEADING = Message(sv="Patientnämnder", en="Patient boards")
LIST_CAPTION = Message(sv="Patientnämnder efter region", en="Patient boards by region")
INTRODUCTION = Message(
    sv="Här syns vad en beställning skulle ändra. Inget ändras på sidan: det görs med kommandot "
    "som visas, med supportens inloggning till databasen.",
    en="This shows what an order would change. Nothing is changed on this page: that is done by "
    "the command that is shown, with support's login to the database.",
)
PRESENT = Message(sv="Nu: {board}", en="Now: {board}")
PRESENT_NONE = Message(sv="Nu: ingen patientnämnd är angiven.", en="Now: no patient board is set.")
WANTED_HSA_ID = Message(sv="Patientnämndens HSA-id", en="HSA-id of the patient board")
WANTED_HSA_ID_HINT = Message(
    sv="Till exempel SE2321000016-PN01. Lämna tomt för att se vad som händer om patientnämnden "
    "tas bort.",
    en="For example SE2321000016-PN01. Leave it empty to see what happens if the patient board is "
    "cleared.",
)
WANTED_NAME = Message(sv="Patientnämndens namn", en="Name of the patient board")
TICKET = Message(sv="Ärendenummer", en="Ticket")
SHOW_PLAN = Message(sv="Visa vad som ändras", en="Show what changes")
NAME_MISSING = Message(sv="Skriv patientnämndens namn.", en="Enter the name of the patient board.")
TICKET_MISSING = Message(sv="Skriv ärendets nummer.", en="Enter the number of the ticket.")
INVALID_HSA_ID = Message(
    sv="HSA-id:t har inte rätt form: SE, tio eller tolv siffror, ett bindestreck och bokstäver "
    "eller siffror.",
    en="The HSA-id does not have the right form: SE, ten or twelve digits, a hyphen, and letters "
    "or digits.",
)
UNREADABLE = Message(
    sv="Skriv högst {most} tecken, på en rad och utan dolda tecken.",
    en="Enter at most {most} characters, on one line and without hidden ones.",
)
WRONG_CHECK_DIGIT = Message(
    sv="Kontrollsiffran i {hsa_id} stämmer inte: kontrollera att det är rätt avskrivet.",
    en="The check digit of {hsa_id} is wrong: check that it was copied correctly.",
)
ALL_BOARDS = Message(sv="Alla patientnämnder", en="All patient boards")
PLAN_HEADING = Message(sv="Det här ändras", en="What changes")
STARTS_HEADING = Message(
    sv="{count} mottagningar börjar ta emot ärenden",
    en="{count} clinics start receiving cases",
    sv_one="1 mottagning börjar ta emot ärenden",
    en_one="1 clinic starts receiving cases",
)
STOPS_HEADING = Message(
    sv="{count} mottagningar slutar ta emot ärenden",
    en="{count} clinics stop receiving cases",
    sv_one="1 mottagning slutar ta emot ärenden",
    en_one="1 clinic stops receiving cases",
)
ALREADY_SO = Message(
    sv="Det är redan så: inget behöver göras.", en="That is already the case: nothing to do."
)
WOULD_BE = Message(sv="Patientnämnden blir {board}.", en="The patient board becomes {board}.")
WOULD_BE_NONE = Message(
    sv="Regionen får ingen patientnämnd: tjänsten stängs för invånarna.",
    en="The region gets no patient board: the service is off for its residents.",
)
NOBODY_AFFECTED = Message(
    sv="Ingen mottagning börjar eller slutar ta emot ärenden.",
    en="No clinic starts or stops receiving cases.",
)
COMMAND_HEADING = Message(sv="Att skriva på kommandoraden", en="What to type")
