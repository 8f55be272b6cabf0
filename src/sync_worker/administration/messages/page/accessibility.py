"""The accessibility statement (lagen om tillgänglighet till digital offentlig service)."""

from sync_worker.language import Message

HEADING = Message(sv="Tillgänglighetsredogörelse", en="Accessibility statement")
INTRODUCTION = Message(
    sv="Sidan ska kunna användas av alla som administrerar Synpunkter och klagomål. Den är byggd "
    "för att uppfylla WCAG 2.2 på nivå AA.",
    en="Everybody who administers complaints and feedback should be able to use this page. It is "
    "built to meet WCAG 2.2 at level AA.",
)
STATUS_HEADING = Message(sv="Hur tillgänglig är sidan?", en="How accessible is the page?")
STATUS = Message(
    sv="Vi känner inte till några brister mot kraven i lagen om tillgänglighet till digital "
    "offentlig service.",
    en="We know of no deficiencies against the requirements of the Swedish act on accessibility of "
    "digital public services.",
)
TESTED_HEADING = Message(sv="Hur har den testats?", en="How was it tested?")
TESTED = Message(
    sv="Varje sida har granskats av automatiska verktyg i webbläsaren Chromium: utan skript, med "
    "enbart tangentbord, i smalt fönster, i 200 och 400 procents förstoring, med större avstånd i "
    "texten och med påtvingade färger.",
    en="Every page was examined by automatic tools in the browser Chromium: without scripts, by "
    "keyboard alone, in a narrow window, at 200 and 400 per cent, with wider text spacing and with "
    "forced colours.",
)
NOT_TESTED = Message(
    sv="Den har inte testats med skärmläsarna NVDA, JAWS och VoiceOver, med röststyrning, i "
    "webbläsarna Firefox och Safari, eller av personer med funktionsnedsättning.",
    en="It was not tested with the screen readers NVDA, JAWS and VoiceOver, with voice control, in "
    "the browsers Firefox and Safari, or by people with disabilities.",
)
REPORT_HEADING = Message(sv="Säg till om något inte fungerar", en="Tell us if something fails")
REPORT = Message(
    sv="Hittar du brister, eller behöver du innehållet i en annan form, kontakta supporten: "
    "e-tjanster@1177.se.",
    en="If you find deficiencies, or need the content in another form, contact support: "
    "e-tjanster@1177.se.",
)
SUPERVISION_HEADING = Message(sv="Tillsyn", en="Supervision")
SUPERVISION = Message(
    sv="Myndigheten för digital förvaltning (Digg) har tillsyn över lagen. Är du inte nöjd med hur "
    "vi hanterar det du rapporterar kan du anmäla det till Digg på digg.se.",
    en="The Agency for Digital Government (Digg) supervises the act. If you are not content with "
    "how we handle what you report, you can notify Digg at digg.se.",
)
UPDATED_ON = "2026-11-30"
UPDATED = Message(sv="Redogörelsen uppdaterades {date}.", en="The statement was updated on {date}.")
