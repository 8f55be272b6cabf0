"""What is said of the files that people give, and of how they were read."""

from collections.abc import Mapping

from sync_worker.files.atomic import FileKind
from sync_worker.language import Message

WORKBOOK = Message(
    sv="Filen är en arbetsbok från Excel, inte en text- eller csv-fil.",
    en="The file is an Excel workbook, not a text or csv file.",
)
SAVE_WORKBOOK = Message(
    sv="Öppna den i Excel, välj Arkiv, Spara som, filformatet CSV UTF-8 (kommaavgränsad), "
    "och ange den sparade filen.",
    en="Open it in Excel, choose File, Save As, the type CSV UTF-8 (Comma delimited), and "
    "give the saved file.",
)
SPREADSHEET = Message(
    sv="Filen är ett kalkylark från LibreOffice eller OpenOffice, inte en text- eller csv-fil.",
    en="The file is a LibreOffice or OpenOffice spreadsheet, not a text or csv file.",
)
SAVE_SPREADSHEET = Message(
    sv="Öppna den i LibreOffice Calc, välj Arkiv, Spara som, filtypen Text CSV (.csv), och "
    "ange den sparade filen.",
    en="Open it in LibreOffice Calc, choose File, Save As, the type Text CSV (.csv), and "
    "give the saved file.",
)
DOCUMENT = Message(
    sv="Filen är ett dokument ({kind}), inte en text- eller csv-fil.",
    en="The file is a document ({kind}), not a text or csv file.",
)
SAVE_DOCUMENT = Message(
    sv="Öppna den, kopiera HSA-id:na till en tom textfil, ett per rad, och spara den som "
    "oformaterad text (.txt).",
    en="Open it, copy the HSA-ids into an empty text file, one per line, and save that as "
    "plain text (.txt).",
)
COMPRESSED = Message(
    sv="Filen är komprimerad ({kind}), inte en text- eller csv-fil.",
    en="The file is compressed ({kind}), not a text or csv file.",
)
UNPACK = Message(
    sv="Packa upp den och ange filen som ligger i den.",
    en="Unpack it and give the file that is inside.",
)
MARKUP = Message(
    sv="Filen är HTML eller XML, inte en text- eller csv-fil.",
    en="The file is HTML or XML, not a text or csv file.",
)
BINARY = Message(
    sv="Filen är inte en textfil: den är full av NUL-tecken.",
    en="The file is not a text file: it is full of NUL characters.",
)
SAVE_TEXT = Message(
    sv="Spara den på nytt som csv eller text, i UTF-8.",
    en="Save it again as csv or text, in UTF-8.",
)
BROKEN_TEXT = Message(
    sv="Filen är märkt som {encoding} men går inte att läsa som {encoding}: den är avkortad "
    "eller skadad.",
    en="The file is marked as {encoding} but cannot be read as {encoding}: it is truncated "
    "or damaged.",
)
GET_WHOLE_FILE = Message(
    sv="Hämta eller spara filen på nytt, och kontrollera att den är komplett.",
    en="Fetch or save the file again, and check that it is complete.",
)
TOO_LARGE = Message(
    sv="Filen är större än {most} MiB: det kan inte vara en lista över mottagningar.",
    en="The file is larger than {most} MiB: it cannot be a list of clinics.",
)
TOO_MANY_ROWS = Message(
    sv="Filen har fler än {most} rader: det kan inte vara en lista över mottagningar.",
    en="The file has more than {most} rows: it cannot be a list of clinics.",
)
CHECK_FILE = Message(sv="Kontrollera att det är rätt fil.", en="Check that it is the right file.")
OPEN_QUOTE = Message(
    sv="Citattecknet på rad {line} saknar ett korrekt slut, så rader kan ha gått förlorade.",
    en="The quotation mark on line {line} is not closed properly, so rows may have been lost.",
)
CORRECT_QUOTE = Message(
    sv="Kontrollera att filen är komplett, och rätta eller ta bort citattecknet.",
    en="Check that the file is complete, and correct or remove the quotation mark.",
)
TWO_COLUMNS = Message(
    sv="Två kolumner heter HSA-id på rad {line}.",
    en="Two columns are called HSA-id on line {line}.",
)
RENAME_COLUMN = Message(
    sv="Döp om den kolumn som inte ska användas.", en="Rename the column that is not to be used."
)
NO_STDIN = Message(
    sv="Standard in är stängd, så det finns inget att läsa.",
    en="Standard input is closed, so there is nothing to read.",
)
GIVE_STDIN = Message(
    sv="Skicka innehållet dit, eller ange en fil.", en="Send the content there, or name a file."
)
UNREADABLE_PATH = Message(
    sv="Det går inte att läsa {path}: {why}.", en="{path} cannot be read: {why}."
)
MAKE_ROOM = Message(sv="Frigör utrymme på disken.", en="Make room on the disk.")
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
    sv="Kolumn {column} ser ut att innehålla HSA-id:n: skriv HSA-id som rubrik.",
    en="Column {column} seems to contain HSA-ids: write HSA-id as its header.",
)
MORE_ON_LINE = Message(
    sv="Rad {line} innehåller flera HSA-id:n: bara det första på varje rad lästes.",
    en="Line {line} has several HSA-ids: only the first on each line was read.",
)
ABOVE_HEADER = Message(
    sv="Rubriken står på rad {line}: det som står ovanför lästes inte.",
    en="The header is on line {line}: what is above it was not read.",
)
CHECK_DIGIT = Message(
    sv="{hsa_id}: kontrollsiffran i numret är fel.",
    en="{hsa_id}: the check digit of its number is wrong.",
)
CHECK_DIGITS = Message(
    sv="Kontrollsiffran är fel i {count} HSA-id:n, på raderna {lines}.",
    en="The check digit is wrong in {count} HSA-ids, on lines {lines}.",
    sv_one="Kontrollsiffran är fel i ett HSA-id, på rad {lines}.",
    en_one="The check digit is wrong in one HSA-id, on line {lines}.",
)

LINK = Message(sv="det är en symbolisk länk", en="it is a symbolic link")
FOLDER = Message(sv="det är en mapp", en="it is a folder")
DEVICE = Message(sv="det är en enhet", en="it is a device")
PIPE = Message(sv="det är en namngiven pipe", en="it is a named pipe")
SOCKET = Message(sv="det är en socket", en="it is a socket")
KINDS: Mapping[FileKind, Message] = {
    FileKind.LINK: LINK,
    FileKind.FOLDER: FOLDER,
    FileKind.DEVICE: DEVICE,
    FileKind.PIPE: PIPE,
    FileKind.SOCKET: SOCKET,
}
"""What stands where a file should be written."""
