"""The states of the page: each is shown to everything in this folder that judges pages."""

from tests.web.import_states import IMPORT_STATES
from tests.web.reaching import (
    added,
    added_from_its_page,
    by_another_name,
    ended_elsewhere,
    from_another_origin,
    given,
    had_more_time,
    ordered,
    removal_reasoned,
    signed_out,
    timed_out,
)
from tests.web.registry_file import (
    CLINICS,
    CLOSED,
    ELSEWHERE,
    EMPTY,
    FULL,
    HELD,
    IN_TAK,
    LONG_ID,
    NOT_ADDED,
    ODD,
    ODD_NAMES,
    OTHER,
    WAITING,
)
from tests.web.state import State, opened
from tests.worlds.page import BOTH, NATIONAL, NOBODY, OPERATOR, READER, REGIONAL, SUPPORT

FREE = NOT_ADDED[0]
_TEN = "Exempelvårdcentralen 00"
"""Finds ten clinics: a hundred rows are looked at once, not for everybody."""
_REGION = [
    State("regions", NATIONAL, opened("/")),
    State("region with a board", REGIONAL, opened("/region", kod=FULL)),
    State("region of a reader", READER, opened("/region", kod=FULL, sok=_TEN)),
    State("region of support", SUPPORT, opened("/region", kod=FULL, sok=_TEN)),
    State("last page", REGIONAL, opened("/region", kod=FULL, sida="3")),
    State("page too high", REGIONAL, opened("/region", kod=FULL, sida="99")),
    State("all on one page", REGIONAL, opened("/region", kod=FULL, visa="alla")),
    State("search", REGIONAL, opened("/region", kod=FULL, sok=_TEN)),
    State("search without hits", REGIONAL, opened("/region", kod=FULL, sok="å" * 100)),
    State("status without hits", REGIONAL, opened("/region", kod=FULL, status="service_off")),
    State("deactivated alone", REGIONAL, opened("/region", kod=FULL, status="deactivated")),
    State("region without a board, odd names", BOTH, opened("/region", kod=ODD)),
    State("empty region", NATIONAL, opened("/region", kod=EMPTY)),
]
_ADDING = [
    State("added", REGIONAL, added(WAITING, "Beställning 17")),
    State("added already", REGIONAL, added(CLINICS[7])),
    State("no id", BOTH, added("", region=ODD), status=422),
    State("id too long", BOTH, added("A" * 65, "x" * 501, region=ODD), status=422),
    State("refused: malformed", BOTH, added("<b>Hamntorget</b>", region=ODD), status=422),
    State("refused: unknown", BOTH, added("SE2321000016-OKAND", region=ODD), status=422),
    State("refused: other region", BOTH, added(ELSEWHERE, region=ODD), status=422),
    State("refused: right to left", BOTH, added("SE2321000016-\u202eXYZ", region=ODD), status=422),
]
_CLINIC = [
    State("clinic that receives", REGIONAL, opened("/mottagning", hsa_id=CLINICS[0])),
    State("clinic to be added", REGIONAL, opened("/mottagning", hsa_id=FREE)),
    State("clinic for a reader", READER, opened("/mottagning", hsa_id=FREE)),
    State("clinic that is deactivated", REGIONAL, opened("/mottagning", hsa_id=CLOSED)),
    State("clinic in TAK", REGIONAL, opened("/mottagning", hsa_id=IN_TAK)),
    State("clinic that waits for a decision", REGIONAL, opened("/mottagning", hsa_id=HELD)),
    State("clinic without a board", BOTH, opened("/mottagning", hsa_id=LONG_ID)),
    *(
        State(f"clinic with odd name {number}", BOTH, opened("/mottagning", hsa_id=hsa_id))
        for number, hsa_id in enumerate(list(ODD_NAMES)[::2])
    ),
    State(
        "clinic of another region", REGIONAL, opened("/mottagning", hsa_id=ELSEWHERE), status=403
    ),
    State("unknown clinic", REGIONAL, opened("/mottagning", hsa_id=f"{FREE}X"), status=404),
    State("no clinic at all", REGIONAL, opened("/mottagning", hsa_id="../A/B<i>"), status=404),
    State("clinic with a long reason", REGIONAL, added_from_its_page(FREE, "x" * 501), status=422),
]
_REMOVING = [
    State("remove?", REGIONAL, opened("/mottagning/ta-bort", hsa_id=CLINICS[3])),
    State("remove deactivated?", REGIONAL, opened("/mottagning/ta-bort", hsa_id=CLOSED)),
    State("remove in TAK?", REGIONAL, opened("/mottagning/ta-bort", hsa_id=IN_TAK)),
    State("remove with a long id?", BOTH, opened("/mottagning/ta-bort", hsa_id=LONG_ID)),
    *(
        State(f"remove odd {number}?", BOTH, opened("/mottagning/ta-bort", hsa_id=hsa_id))
        for number, hsa_id in enumerate(list(ODD_NAMES)[1::2])
    ),
    State("remove what is not added?", NATIONAL, opened("/mottagning/ta-bort", hsa_id=ELSEWHERE)),
    State("remove for a long reason", REGIONAL, removal_reasoned, status=422),
]
_FILES = [
    State("file with nothing in it", REGIONAL, given(""), status=422),
    State("file of a workbook", REGIONAL, given(b"PK\x03\x04" + bytes(2000)), status=422),
    State("file with too many rows", REGIONAL, given("SE2321000016-A\n" * 20_001), status=422),
    State("file too large", REGIONAL, given("x" * (6 * 2**20)), status=413),
    State("plan of odd names", BOTH, given("\n".join(ODD_NAMES), "remove")),
    State("plan for a long reason", REGIONAL, given(FREE, reason="x" * 500)),
    State("no imports", NATIONAL, opened("/importer")),
    State("help", None, opened("/hjalp")),
    State("accessibility", REGIONAL, opened("/tillganglighet")),
    State("about", SUPPORT, opened("/om")),
]
_LOG = [
    State("log of a region", REGIONAL, opened("/handelser", kod=FULL)),
    State("log of several regions", BOTH, opened("/handelser", hsa_id=CLINICS[0])),
    State("log of odd names", BOTH, opened("/handelser", kod=ODD)),
    State("log of everything", SUPPORT, opened("/handelser", vad="board_set")),
    State("log without hits", REGIONAL, opened("/handelser", kod=FULL, av="W" * 64)),
    State("log without older entries", REGIONAL, opened("/handelser", kod=FULL, sida="99")),
    State("empty log", NATIONAL, opened("/handelser", kod=EMPTY)),
]
_SUPPORT = [
    State("boards", SUPPORT, opened("/support/patientnamnd")),
    State("board to change", SUPPORT, opened("/support/patientnamnd", kod=FULL)),
    State("board to set", SUPPORT, opened("/support/patientnamnd", kod=ODD)),
    State("board change", SUPPORT, ordered(ODD, "SE2321000024-PN01")),
    State("board change with a wrong id", SUPPORT, ordered(ODD, "<b>"), status=422),
    State("operations", OPERATOR, opened("/drift")),
    State("hold", OPERATOR, opened("/drift/massandring", id="4")),
    State("hold for support", SUPPORT, opened("/drift/massandring", id="4")),
    State("no such hold", OPERATOR, opened("/drift/massandring", id="5"), status=404),
]
_SESSIONS = [
    State("sign in", None, opened("/logga-in")),
    State("nobody", None, opened("/region", kod=FULL), status=401),
    State("idle", None, timed_out, status=401),
    State("ended elsewhere", None, ended_elsewhere, status=401),
    State("signed out", None, signed_out),
    State("more time", None, had_more_time),
    State("no rights", NOBODY, opened("/"), status=403),
    State("wrong role", OPERATOR, opened("/region", kod=FULL), status=403),
    State("wrong region", REGIONAL, opened("/region", kod=OTHER), status=403),
]
_FAILURES = [
    State("no such page", REGIONAL, opened("/finns-inte"), status=404),
    State("no such page for nobody", None, opened("/finns-inte"), status=404),
    State("no such region", NATIONAL, opened("/region", kod="<b>"), status=404),
    State("no such clinic", REGIONAL, opened("/mottagning/ta-bort", hsa_id=".."), status=404),
    State("wrong method", REGIONAL, opened("/logga-ut"), status=405),
    State("too much", REGIONAL, added("SE", "x" * 70_000), status=413),
    State("other origin", REGIONAL, from_another_origin, status=403),
    State("other host", None, by_another_name, status=400),
    State("other revision", None, opened("/region", kod=FULL), site="newer", status=503),
    State("broken", None, ended_elsewhere, site="broken", status=500),
]
STATES = [
    *_REGION,
    *_ADDING,
    *_CLINIC,
    *_REMOVING,
    *IMPORT_STATES,
    *_FILES,
    *_LOG,
    *_SUPPORT,
    *_SESSIONS,
    *_FAILURES,
]
