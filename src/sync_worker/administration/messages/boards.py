"""What is said of regions, their patient boards and their services."""

from sync_worker.language import Message

NO_REGION = Message(sv="Det finns ingen region {code!r}.", en="There is no region {code!r}.")
REGION_CODE = Message(
    sv="En regionkod har två tecken, inklusive den inledande nollan.",
    en="A region code is two characters, including the leading zero.",
)
INVALID_HSA_ID = Message(
    sv="{hsa_id!r} är inte ett giltigt HSA-id.", en="{hsa_id!r} is not a valid HSA-id."
)
HSA_ID_FORM = Message(
    sv="Ett HSA-id består av SE, tio eller tolv siffror, ett bindestreck och bokstäver "
    "eller siffror.",
    en="An HSA-id consists of SE, ten or twelve digits, a hyphen, and letters or digits.",
)
HSA_ID_EXAMPLE = Message(sv="Till exempel SE2321000016-PN01.", en="For example SE2321000016-PN01.")
NOTHING_TO_DO = Message(
    sv="Det är redan så: ingenting behöver göras.", en="That is already the case: nothing to do."
)
CHANGE = Message(
    sv="Patientnämnd för region {region_code}: {present} → {wanted}.",
    en="Patient board of region {region_code}: {present} → {wanted}.",
)
NO_BOARD = Message(sv="ingen", en="none")
STARTS = Message(
    sv="{count} tillagda mottagningar börjar ta emot ärenden:",
    en="{count} registered clinics start receiving cases:",
    sv_one="1 tillagd mottagning börjar ta emot ärenden:",
    en_one="1 registered clinic starts receiving cases:",
)
STOPS = Message(
    sv="{count} tillagda mottagningar slutar ta emot ärenden:",
    en="{count} registered clinics stop receiving cases:",
    sv_one="1 tillagd mottagning slutar ta emot ärenden:",
    en_one="1 registered clinic stops receiving cases:",
)
QUESTION = Message(sv="Genomföra ändringen?", en="Make this change?")
SERVICE_ON = Message(
    sv="{region_code} {name}: tjänsten är aktiverad", en="{region_code} {name}: the service is on"
)
SERVICE_OFF = Message(
    sv="{region_code} {name}: tjänsten är inte aktiverad",
    en="{region_code} {name}: the service is off",
)
BOARD_CHANGED = Message(
    sv="Någon annan har ändrat regionens patientnämnd sedan planen visades.",
    en="Somebody else has changed the region's patient board since the plan was shown.",
)
REGION_BOARD = Message(sv="patientnämnd    {board}", en="patient board   {board}")
REGION_SERVICE_ON = Message(sv="tjänsten        aktiverad", en="service         on")
REGION_SERVICE_OFF = Message(
    sv="tjänsten        inte aktiverad: regionen har ingen patientnämnd",
    en="service         off: the region has no patient board",
)
REGION_SERVICE_NOT_IN_USE = Message(
    sv="tjänsten        inte aktiverad: regionen används inte",
    en="service         off: the region is not in use",
)
REGION_CLINICS = Message(
    sv="mottagningar    {registered} tillagda, {receiving} anslutna, {deactivated} inte "
    "aktiverade, {own_system} med eget system",
    en="clinics         {registered} registered, {receiving} receiving, {deactivated} deactivated, "
    "{own_system} with their own system",
)
REGION_NOT_IN_USE = Message(sv="används inte", en="not in use")
