"""What is said of the files that people give, and of how they were read."""

from collections.abc import Mapping

from sync_worker.files.atomic import FileKind
from sync_worker.language import Message

WORKBOOK = Message(
    sv="Filen är en arbetsbok från Excel, ingen text- eller csv-fil.",
    en="The file is an Excel workbook, and no text or csv file.",
)
SAVE_WORKBOOK = Message(
    sv="Öppna den i Excel, välj Arkiv, Spara som, filformatet CSV UTF-8 (kommaavgränsad), och ange "
    "den sparade filen.",
    en="Open it in Excel, choose File, Save As, the type CSV UTF-8 (Comma delimited), and give the "
    "file that was saved.",
)
SPREADSHEET = Message(
    sv="Filen är ett kalkylark från LibreOffice eller OpenOffice, ingen text- eller csv-fil.",
    en="The file is a LibreOffice or OpenOffice spreadsheet, and no text or csv file.",
)
SAVE_SPREADSHEET = Message(
    sv="Öppna den i LibreOffice Calc, välj Arkiv, Spara som, filtypen Text CSV (.csv), och ange "
    "den sparade filen.",
    en="Open it in LibreOffice Calc, choose File, Save As, the type Text CSV (.csv), and give the "
    "file that was saved.",
)
DOCUMENT = Message(
    sv="Filen är ett dokument ({kind}), ingen text- eller csv-fil.",
    en="The file is a document ({kind}), and no text or csv file.",
)
SAVE_DOCUMENT = Message(
    sv="Öppna den, kopiera HSA-id:na till en tom textfil, ett per rad, och spara den som "
    "oformaterad text (.txt).",
    en="Open it, copy the HSA-ids into an empty text file, one a line, and save that as plain text "
    "(.txt).",
)
PACKED = Message(
    sv="Filen är packad ({kind}), ingen text- eller csv-fil.",
    en="The file is packed ({kind}), and no text or csv file.",
)
UNPACK = Message(
    sv="Packa upp den, och ange den fil som ligger i den.",
    en="Unpack it, and give the file that is in it.",
)
MARKUP = Message(
    sv="Filen är HTML eller XML, ingen text- eller csv-fil.",
    en="The file is HTML or XML, and no text or csv file.",
)
BINARY = Message(
    sv="Filen är ingen text: den är full av NUL-tecken.",
    en="The file is no text: it is full of NUL characters.",
)
SAVE_TEXT = Message(
    sv="Spara den på nytt som csv eller text, i UTF-8.",
    en="Save it anew as csv or text, in UTF-8.",
)
BROKEN_TEXT = Message(
    sv="Filen är märkt som {encoding} men går inte att läsa som det: den är avkortad eller skadad.",
    en="The file is marked as {encoding} and cannot be read as that: it is cut off or damaged.",
)
GET_WHOLE_FILE = Message(
    sv="Hämta eller spara filen på nytt, och se efter att den är hel.",
    en="Fetch or save the file again, and see that it is whole.",
)
TOO_LARGE = Message(
    sv="Filen är större än {most} MiB: det är ingen lista över mottagningar.",
    en="The file is larger than {most} MiB: that is no list of clinics.",
)
TOO_MANY_ROWS = Message(
    sv="Filen har fler än {most} rader: det är ingen lista över mottagningar.",
    en="The file has more than {most} rows: that is no list of clinics.",
)
CHECK_FILE = Message(
    sv="Se efter att det är rätt fil.",
    en="Check that it is the right file.",
)
OPEN_QUOTE = Message(
    sv="På rad {line} börjar ett citattecken som inte slutar som det ska, så rader kan ha gått "
    "förlorade.",
    en="On line {line} a quotation mark begins that does not end as it should, so that rows may be "
    "lost.",
)
MEND_QUOTE = Message(
    sv="Se efter att filen är hel, och rätta eller ta bort citattecknet.",
    en="See that the file is whole, and mend the quotation mark or take it out.",
)
TWO_COLUMNS = Message(
    sv="Två kolumner heter HSA-id på rad {line}.",
    en="Two columns are called HSA-id on line {line}.",
)
NAME_ONE_COLUMN = Message(
    sv="Ge den kolumn som inte gäller ett annat namn.",
    en="Give the column that is not meant another name.",
)
NO_STDIN = Message(
    sv="Standard in är stängd, så det finns inget att läsa.",
    en="Standard input is closed, so that there is nothing to read.",
)
GIVE_STDIN = Message(
    sv="Skicka innehållet dit, eller ange en fil.",
    en="Send the content there, or name a file.",
)
UNREADABLE_PATH = Message(
    sv="{path} kan inte läsas: {why}.",
    en="{path} cannot be read: {why}.",
)
CHECK_PERMISSIONS = Message(
    sv="Kontrollera sökvägen och behörigheterna.",
    en="Check the path and its permissions.",
)

EMPTY = Message(
    sv="Det finns inget HSA-id i filen.",
    en="There is no HSA-id in the file.",
)
FIRST_COLUMN = Message(
    sv="Ingen kolumn heter HSA-id: den första kolumnen lästes, från och med rad {line}.",
    en="No column is called HSA-id: the first column was read, from line {line} on.",
)
OTHER_COLUMN = Message(
    sv="Kolumn {column} ser ut att hålla HSA-id:n: skriv HSA-id överst i den.",
    en="Column {column} looks like HSA-ids: write HSA-id at its top.",
)
MORE_ON_LINE = Message(
    sv="På rad {line} står fler HSA-id:n än det första: bara det första på varje rad lästes.",
    en="On line {line} there are more HSA-ids than the first: only the first of a line was read.",
)
ABOVE_HEADER = Message(
    sv="Rubriken står på rad {line}: det som står ovanför lästes inte.",
    en="The header is on line {line}: what stands above it was not read.",
)
CHECK_DIGIT = Message(
    sv="{hsa_id}: kontrollsiffran i numret stämmer inte.",
    en="{hsa_id}: the check digit of its number is not right.",
)
CHECK_DIGITS = Message(
    sv="I {count} HSA-id:n stämmer inte kontrollsiffran; de står på raderna {lines}.",
    en="In {count} HSA-ids the check digit is not right; they are on lines {lines}.",
    sv_one="I ett HSA-id stämmer inte kontrollsiffran; det står på rad {lines}.",
    en_one="In one HSA-id the check digit is not right; it is on line {lines}.",
)

LINK = Message(sv="det är en symbolisk länk", en="it is a symbolic link")
FOLDER = Message(sv="det är en mapp", en="it is a folder")
DEVICE = Message(sv="det är en enhet", en="it is a device")
PIPE = Message(sv="det är ett namngivet rör", en="it is a named pipe")
SOCKET = Message(sv="det är en sockel", en="it is a socket")
KINDS: Mapping[FileKind, Message] = {
    FileKind.LINK: LINK,
    FileKind.FOLDER: FOLDER,
    FileKind.DEVICE: DEVICE,
    FileKind.PIPE: PIPE,
    FileKind.SOCKET: SOCKET,
}
"""What stands where a file should be written."""
