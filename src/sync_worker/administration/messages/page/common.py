"""What stands on every page: its frame, statuses, tables, and the links that lead further."""

from collections.abc import Mapping

from sync_worker.domain.clinic_status import Status
from sync_worker.language import Message

ADMINISTRATION = Message(
    sv="Administration – Synpunkter och klagomål", en="Administration – Complaints and feedback"
)
TITLE = Message(sv="{heading} – Synpunkter och klagomål", en="{heading} – Complaints and feedback")
TITLE_WITH_ERROR = Message(sv="Fel: {title}", en="Error: {title}")
SKIP_LINK = Message(sv="Hoppa till innehållet", en="Skip to the content")
MENU = Message(sv="Meny", en="Menu")
MENU_REGIONS = Message(sv="Regioner", en="Regions")
MENU_CLINICS = Message(sv="Mottagningar", en="Clinics")
MENU_ACTIVATED = Message(sv="Aktiverade, inte tillagda", en="Activated, not added")
MENU_IMPORT = Message(sv="Lägg till från fil", en="Add from a file")
MENU_IMPORTS = Message(sv="Mina importer", en="My imports")
MENU_LOG = Message(sv="Händelser", en="Changes")
MENU_SUPPORT = Message(sv="Patientnämnder", en="Patient boards")
MENU_OPERATIONS = Message(sv="Drift", en="Operations")
SIGNED_IN_AS = Message(sv="Inloggad som {actor}", en="Signed in as {actor}")
SIGN_IN = Message(sv="Logga in", en="Sign in")
SIGN_OUT = Message(sv="Logga ut", en="Sign out")
FOOTER = Message(sv="Om sidan", en="About this page")
HELP = Message(sv="Hjälp", en="Help")
ACCESSIBILITY = Message(sv="Tillgänglighetsredogörelse", en="Accessibility statement")
ABOUT = Message(sv="Om tjänsten", en="About the service")
IN_SWEDISH = Message(sv="Svenska", en="Svenska")
IN_ENGLISH = Message(sv="English", en="English")
SIGNED_OUT_AT = Message(
    sv="Du loggas ut {time} om du inte gör något innan dess.",
    en="You are signed out at {time} unless you do something before then.",
)
MORE_TIME = Message(sv="Längre tid (i en ny flik)", en="More time (in a new tab)")
DEV_BANNER = Message(
    sv="Utvecklingsläge: vem som helst på den här datorn kan logga in.",
    en="Development mode: anybody on this computer can sign in.",
)

STATUSES: Mapping[Status, Message] = {
    Status.RECEIVING: Message(sv="Ansluten: tar emot ärenden", en="Connected: receives cases"),
    Status.SERVICE_OFF: Message(
        sv="Tar inte emot ärenden: regionen har ingen patientnämnd",
        en="Does not receive cases: the region has no patient board",
    ),
    Status.DEACTIVATED: Message(
        sv="Tar inte emot ärenden: inte aktiverad i e-tjänsterna",
        en="Does not receive cases: not activated in the e-services",
    ),
    Status.OWN_SYSTEM: Message(
        sv="Eget system: administreras i TAK", en="Its own system: administered in TAK"
    ),
    Status.NOT_REGISTERED: Message(sv="Inte tillagd", en="Not registered"),
}
STATUS_NO_REGION = Message(
    sv="Tar inte emot ärenden: ingen region är angiven i e-tjänsterna",
    en="Does not receive cases: no region is stated in the e-services",
)
"""Of a status that a missing board is the reason for, where the clinic has no region."""

NONE = Message(sv="Ingen", en="None")
UNKNOWN = Message(sv="Okänt", en="Unknown")
NO_NAME = Message(sv="(utan namn)", en="(no name)")
NAMED = Message(sv="{name} ({hsa_id})", en="{name} ({hsa_id})")
REGION_NAMED = Message(sv="{name} ({code})", en="{name} ({code})")
REGION_NOT_IN_USE = Message(sv="{code} (används inte)", en="{code} (not in use)")
REGION_LABEL = Message(sv="Region", en="Region")

COLUMN_CLINIC = Message(sv="Mottagning", en="Clinic")
COLUMN_HSA_ID = Message(sv="HSA-id", en="HSA-id")
COLUMN_STATUS = Message(sv="Status", en="Status")
COLUMN_REGION = Message(sv="Region", en="Region")
COLUMN_BOARD = Message(sv="Patientnämnd", en="Patient board")
COLUMN_REGISTERED = Message(sv="Tillagda", en="Registered")
COLUMN_RECEIVING = Message(sv="Anslutna", en="Connected")
COLUMN_ATTENTION = Message(sv="Kräver åtgärd", en="Needs action")
COLUMN_SELECT = Message(sv="Välj", en="Select")
COLUMN_LINE = Message(sv="Rad", en="Line")
COLUMN_REASON = Message(sv="Orsak", en="Reason")
COLUMN_REMEDY = Message(sv="Åtgärd", en="What to do")
COLUMN_WHEN = Message(sv="När", en="When")
COLUMN_WHAT = Message(sv="Vad", en="What")
COLUMN_FROM = Message(sv="Från", en="From")
COLUMN_TO = Message(sv="Till", en="To")
COLUMN_BY = Message(sv="Av", en="By")
COLUMN_UPDATED = Message(sv="Ändrad", en="Changed")
SELECT_CLINIC = Message(sv="Välj {clinic}", en="Select {clinic}")
"""The label of a box to tick, for whoever does not see the row that it stands in."""

PAGES = Message(sv="Sidor", en="Pages")
PAGE_OF = Message(sv="Sida {page} av {pages}", en="Page {page} of {pages}")
SHOWN_OF = Message(sv="Visar {first}–{last} av {total}.", en="Showing {first}–{last} of {total}.")
PREVIOUS_PAGE = Message(sv="Föregående sida", en="Previous page")
NEXT_PAGE = Message(sv="Nästa sida", en="Next page")
FIRST_PAGE = Message(sv="Första sidan", en="First page")
NO_SUCH_PAGE = Message(
    sv="Sidan finns inte: listan slutar på sida {pages}.",
    en="There is no such page: the list ends on page {pages}.",
)
PRINT_LIST = Message(sv="Visa hela listan för utskrift", en="Show the whole list for printing")
PRINTED_AT = Message(sv="{heading}, {time}", en="{heading}, {time}")
DOWNLOAD_CSV = Message(sv="Ladda ner listan (csv)", en="Download the list (csv)")

CANCEL = Message(sv="Avbryt", en="Cancel")
BACK_TO_REGION = Message(sv="Till {region}", en="To {region}")
BACK_TO_FORM = Message(sv="Tillbaka till formuläret", en="Back to the form")
BACK_TO_START = Message(sv="Till startsidan", en="To the start page")

ERROR_SUMMARY = Message(sv="Det finns fel på sidan", en="There are errors on the page")
ERROR_PREFIX = Message(sv="Fel:", en="Error:")
DONE = Message(sv="Klart", en="Done")
NOTE = Message(sv="Observera", en="Note")
