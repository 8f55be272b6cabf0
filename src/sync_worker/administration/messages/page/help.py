"""The help page: the three steps of connecting a clinic, files, refusals, and the board."""

from sync_worker.language import Message

HEADING = Message(sv="Hjälp", en="Help")
INTRODUCTION = Message(
    sv="Här lägger du till och tar bort mottagningar som ska ta emot synpunkter och klagomål genom "
    "1177.",
    en="Here you add and remove the clinics that are to receive complaints and feedback through "
    "1177.",
)
STEP_1_HEADING = Message(
    sv="Steg 1: Identifiera vilka mottagningar som ska ansluta",
    en="Step 1: Identify which clinics are to connect",
)
STEP_1 = Message(
    sv="Säkerställ att mottagningarna finns med i e-tjänsterna och är aktiverade. Inget "
    "betjäningsområde krävs. Skriv mottagningens HSA-id och välj Lägg till, välj i listan över "
    "aktiverade mottagningar, eller läs in en fil.",
    en="Make sure that the clinics are in the e-services and activated. No service area is "
    "required. Enter the clinic's HSA-id and choose Add, select from the list of activated "
    "clinics, or read a file.",
)
STEP_2_HEADING = Message(
    sv="Steg 2: Säkerställ behörigheter på mottagningarna",
    en="Step 2: Make sure that the clinics have permissions",
)
STEP_2 = Message(
    sv="Mottagningarna behöver de behörigheter som krävs för att hantera synpunkter och klagomål. "
    "Det går att skapa grupper av ärendemottagare som ärenden fördelas till.",
    en="The clinics need the permissions that handling complaints and feedback requires. Groups of "
    "case recipients can be created, to which cases are distributed.",
)
STEP_3_HEADING = Message(
    sv="Steg 3: Säkerställ rutiner på mottagningarna",
    en="Step 3: Make sure that the clinics have routines",
)
STEP_3 = Message(
    sv="Varje mottagning behöver rutiner för att hantera de ärenden som kommer in.",
    en="Every clinic needs routines for handling the cases that come in.",
)
BOARD_HEADING = Message(sv="Sist: patientnämnden", en="Last: the patient board")
BOARD = Message(
    sv="När regionens patientnämnd anges aktiveras tjänsten för invånarna i regionen. Den anges "
    "därför sist. Patientnämnden kan inte läggas till, ändras eller tas bort här: kontakta "
    "supporten, e-tjanster@1177.se, och uppge vilket HSA-id som ska anges.",
    en="Once the region's patient board is set, the service is on for the residents of the region. "
    "That is why it is set last. The patient board cannot be set, changed or cleared here: contact "
    "support, e-tjanster@1177.se, and state which HSA-id to set.",
)
OWN_SYSTEM_HEADING = Message(sv="Mottagningar med eget system", en="Clinics with their own system")
OWN_SYSTEM = Message(
    sv="En mottagning som handlägger ärenden i ett eget system administreras i "
    "Tjänsteadresseringskatalogen (TAK) och kan inte läggas till här.",
    en="A clinic that handles cases in its own system is administered in "
    "Tjänsteadresseringskatalogen (TAK) and cannot be added here.",
)
REGION_HEADING = Message(
    sv="När en mottagning byter region eller stängs", en="When a clinic moves or closes"
)
REGION = Message(
    sv="Byter en mottagning administrativ region i e-tjänsterna följer den med hit. Stängs den i "
    "e-tjänsterna slutar den ta emot nya ärenden, och ansluts igen om den aktiveras på nytt.",
    en="If a clinic moves to another administrative region in the e-services, it moves here too. "
    "If it is closed in the e-services, it stops receiving new cases, and it is connected again "
    "if it is activated again.",
)
FILES_HEADING = Message(sv="Filer", en="Files")
FILES = Message(
    sv="En textfil har ett HSA-id per rad. En csv-fil har en kolumn som heter HSA-id, eller "
    "HSA-id:na i den första kolumnen. Från Excel: Arkiv, Spara som, CSV UTF-8. Inget ändras "
    "förrän du har granskat och bekräftat.",
    en="A text file has one HSA-id per line. A csv file has a column called HSA-id, or the HSA-ids "
    "in its first column. From Excel: File, Save As, CSV UTF-8. Nothing is changed until you have "
    "reviewed and confirmed it.",
)
REFUSALS_HEADING = Message(sv="När något avvisas", en="When something is refused")
REFUSALS_CAPTION = Message(
    sv="Varför ett HSA-id avvisas, och vad du kan göra",
    en="Why an HSA-id is refused, and what you can do",
)
STATUSES_HEADING = Message(sv="Vad statusen betyder", en="What the status means")
CONTACT_HEADING = Message(sv="Kontakt", en="Contact")
CONTACT = Message(
    sv="Supporten nås på e-tjanster@1177.se. Frågor om behörighet besvaras av din regions "
    "förvaltning.",
    en="Support is reached at e-tjanster@1177.se. Questions about permissions are answered by the "
    "administration of your region.",
)
ABOUT_HEADING = Message(sv="Om tjänsten", en="About the service")
ABOUT = Message(
    sv="Sidan visar vilka mottagningar som tar emot synpunkter och klagomål genom 1177. "
    "Uppgifterna om vilka mottagningar som är aktiverade, och i vilken region, kommer från "
    "e-tjänsterna.",
    en="The page shows which clinics receive complaints and feedback through 1177. What is known "
    "of which clinics are activated, and in which region, comes from the e-services.",
)
VERSION = Message(sv="Version {version}", en="Version {version}")
PERSONAL_DATA_HEADING = Message(sv="Dina uppgifter", en="Your data")
PERSONAL_DATA = Message(
    sv="När du lägger till eller tar bort en mottagning sparas ditt HSA-id, tiden och anledningen "
    "som du angav. Kakor används bara för inloggningen.",
    en="When you add or remove a clinic, your HSA-id, the time and the reason that you gave are "
    "kept. Cookies are used for the sign-in alone.",
)
