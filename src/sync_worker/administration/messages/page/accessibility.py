"""The accessibility statement (lagen om tillgänglighet till digital offentlig service).

It says what Digg lists: https://www.digg.se/kunskap-och-stod/digital-tillganglighet/skapa-en-tillganglighetsredogorelse
"""

from sync_worker.language import Message

HEADING = Message(sv="Tillgänglighetsredogörelse", en="Accessibility statement")
PUBLIC_BODY = Message(
    sv="{public_body} ansvarar för sidan Administration – Synpunkter och klagomål.",
    en="{public_body} answers for the page Administration – Complaints and feedback.",
)
INTRODUCTION = Message(
    sv="Alla som administrerar Synpunkter och klagomål ska kunna använda sidan. Här står hur den "
    "uppfyller lagen om tillgänglighet till digital offentlig service, vilka brister som är kända "
    "och hur du säger till om fler.",
    en="Everybody who administers complaints and feedback should be able to use this page. This "
    "says how it meets the Swedish act on accessibility of digital public services, which "
    "deficiencies are known, and how you tell us of others.",
)
STATUS_HEADING = Message(sv="Hur tillgänglig är sidan?", en="How accessible is the page?")
STATUS = Message(
    sv="Vi bedömer att sidan är helt förenlig med lagen om tillgänglighet till digital offentlig "
    "service. Den är byggd för att uppfylla WCAG 2.2 på nivå AA.",
    en="We assess the page as fully compliant with the Swedish act on accessibility of digital "
    "public services. It is built to meet WCAG 2.2 at level AA.",
)
GAPS_HEADING = Message(sv="Innehåll som inte är tillgängligt", en="Content that is not accessible")
GAPS = Message(
    sv="Vi känner inte till några brister. Vi har inte undantagit något, varken som oskäligt "
    "betungande att anpassa eller som innehåll som lagen inte omfattar.",
    en="We know of no deficiencies. We have excepted nothing, neither as a disproportionate burden "
    "to adapt nor as content that the act does not cover.",
)
TESTED_HEADING = Message(sv="Hur har den testats?", en="How was it tested?")
ASSESSED = Message(
    sv="Bedömningen är en självskattning, gjord {date}.",
    en="The assessment is our own, made on {date}.",
)
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
    "webbläsarna Firefox och Safari, eller av personer med funktionsnedsättning. Där kan det "
    "finnas brister som vi inte känner till.",
    en="It was not tested with the screen readers NVDA, JAWS and VoiceOver, with voice control, in "
    "the browsers Firefox and Safari, or by people with disabilities. There may be deficiencies "
    "there that we do not know of.",
)
REPORT_HEADING = Message(sv="Säg till om något inte fungerar", en="Tell us if something fails")
REPORT = Message(
    sv="Hittar du brister, eller behöver du innehållet i en annan form, kontakta supporten: "
    "e-tjanster@1177.se. Berätta vilken sida det gäller och vad som inte fungerade.",
    en="If you find deficiencies, or need the content in another form, contact support: "
    "e-tjanster@1177.se. Say which page it is about, and what did not work.",
)
SUPERVISION_HEADING = Message(sv="Tillsyn", en="Supervision")
SUPERVISION = Message(
    sv="Myndigheten för digital förvaltning (Digg) har tillsyn över lagen. Är du inte nöjd med hur "
    "vi hanterar det du rapporterar kan du anmäla det till Digg.",
    en="The Agency for Digital Government (Digg) supervises the act. If you are not content with "
    "how we handle what you report, you can notify Digg.",
)
NOTIFY = Message(
    sv="Anmäl bristande tillgänglighet till Digg",
    en="Notify Digg of deficient accessibility (in Swedish)",
)
NOTIFY_ADDRESS = "https://www.digg.se/tdosanmalan"
ASSESSED_ON = UPDATED_ON = "2026-11-30"
UPDATED = Message(
    sv="Redogörelsen uppdaterades senast {date}.", en="The statement was last updated on {date}."
)
