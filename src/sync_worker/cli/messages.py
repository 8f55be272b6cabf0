"""What the command line says in both languages: what to type, and what every command may say."""

from sync_worker.language import Message

ERROR = Message(sv="fel: {words}", en="error: {words}")
HINT = Message(sv="råd: {words}", en="hint: {words}")
NOTHING = Message(sv="Det finns inget.", en="There is nothing.")
HIDDEN_COLUMNS = Message(
    sv="Kolumner som inte fick plats: {names}. Gör fönstret bredare, eller använd -o json.",
    en="Columns that do not fit: {names}. Widen the terminal, or use -o json.",
)
DRY_RUN = Message(sv="Provkörning: inget ändrades.", en="A dry run: nothing was changed.")
CONFIRMATION = Message(
    sv="Det här måste bekräftas, och det finns ingen terminal att fråga på.",
    en="This has to be confirmed, and there is no terminal to ask on.",
)
REGISTRY_FILE = Message(
    sv="{path} hör till registrets databas och skrivs inte över.",
    en="{path} belongs to the registry's database, and is not overwritten.",
)
NAME_ANOTHER_FILE = Message(sv="Ange en annan fil.", en="Name another file.")
GIVE_YES = Message(sv="Ange --yes när planen stämmer.", en="Give --yes when the plan is right.")
YES_OR_NO = Message(sv=" [j/N]: ", en=" [y/N]: ")
ANSWER = Message(sv="svara ja eller nej", en="answer yes or no")
DATABASE_AWAY = Message(
    sv="Databasen går inte att nå eller använda nu.",
    en="The database cannot be reached or used now.",
)
LOGIN_REFUSED = Message(
    sv="Databasen finns där och släpper inte in oss.",
    en="The database is there and does not let us in.",
)
CHECK_LOGIN = Message(
    sv="Kontrollera användare, lösenord, databas och sslmode i adressen: sync-worker config show",
    en="Check the user, password, database and sslmode of its address: sync-worker config show",
)
DATABASE_BUSY = Message(
    sv="Databasen blev inte klar i tid. Inget ändrades av det som var på gång.",
    en="The database did not finish in time. What was in hand changed nothing.",
)
TRY_LATER = Message(
    sv="Försök igen. Händer det igen är den överlastad, eller så håller någon annan den: "
    "sync-worker doctor",
    en="Try again. If it happens again, it is overloaded, or somebody else holds it up: "
    "sync-worker doctor",
)
LACKS_CHARACTER = Message(
    sv="Databasens teckenkodning saknar ett tecken som angavs.",
    en="The database's encoding lacks a character that was given.",
)
OTHER_CHARACTER = Message(
    sv="Skriv det på ett annat sätt, eller flytta registret till en databas i UTF-8: "
    "sync-worker doctor",
    en="Write it in another way, or move the registry to a database in UTF-8: sync-worker doctor",
)
IT_SAYS = Message(sv="Den säger: {words}.", en="It says: {words}.")
SAYS_AND = Message(sv="{said} {more}", en="{said} {more}")
TRY_AGAIN = Message(
    sv="Försök igen när den är tillbaka, eller kontrollera adressen: sync-worker config show",
    en="Try again when it is back, or check its address: sync-worker config show",
)
NOT_PERMITTED = Message(
    sv="Databasen tillåter inte det här.", en="The database does not permit this."
)
LACKS_ROLE = Message(
    sv="Kommandot behöver rollen {role}, och databasen känner oss som {login}.",
    en="The command needs the role {role}, and the database knows us as {login}.",
)
LACKS_OWNERSHIP = Message(
    sv="Kommandot är till för tabellernas ägare, och databasen känner oss som {login}.",
    en="The command is for the owner of the tables, and the database knows us as {login}.",
)
USE_ROLE = Message(
    sv="Använd inloggningsuppgifterna för en användare med rollen {role}. Har användaren den redan "
    "saknar rollen rättigheter: sync-worker db roles --apply, som tabellernas ägare.",
    en="Use the credentials of a user who has the role {role}. If this one has it, the role lacks "
    "rights: sync-worker db roles --apply, as the owner of the tables.",
)
USE_OWNER = Message(
    sv="Använd samma inloggningsuppgifter som sync-worker db upgrade kördes med.",
    en="Use the credentials that sync-worker db upgrade was run with.",
)
INTERRUPTED = Message(sv="Avbrutet.", en="Interrupted.")
NO_FILE = Message(sv="Det finns ingen fil {path}.", en="There is no file {path}.")
CHECK_PATH = Message(sv="Kontrollera sökvägen.", en="Check its path.")

LIST_REGIONS = Message(
    sv="sync-worker regions list visar dem.", en="sync-worker regions list shows them."
)
NOT_IN_USE_HERE = Message(
    sv="Region {region_code} används inte, och {count} mottagningar är tillagda där: "
    "sync-worker clinics list --region {region_code}",
    en="Region {region_code} is not in use, and {count} clinics are registered there: "
    "sync-worker clinics list --region {region_code}",
    sv_one="Region {region_code} används inte, och 1 mottagning är tillagd där: "
    "sync-worker clinics list --region {region_code}",
    en_one="Region {region_code} is not in use, and 1 clinic is registered there: "
    "sync-worker clinics list --region {region_code}",
)
NO_BOARD_HERE = Message(
    sv="Region {region_code} har ingen patientnämnd, och {count} mottagningar är tillagda där: "
    "ingen kan skicka in ärenden. Supporten anger den: sync-worker boards set",
    en="Region {region_code} has no patient board, and {count} clinics are registered there: "
    "nobody can file. Support sets it: sync-worker boards set",
    sv_one="Region {region_code} har ingen patientnämnd, och 1 mottagning är tillagd där: "
    "ingen kan skicka in ärenden. Supporten anger den: sync-worker boards set",
    en_one="Region {region_code} has no patient board, and 1 clinic is registered there: "
    "nobody can file. Support sets it: sync-worker boards set",
)

SEARCH = Message(
    sv="sync-worker clinics list --search TEXT hittar mottagningar på HSA-id eller namn.",
    en="sync-worker clinics list --search TEXT finds clinics by HSA-id or name.",
)
IDS_OR_FILE = Message(
    sv="Ange antingen HSA-id:n eller --file FIL.",
    en="Give either HSA-ids or --file FILE.",
)
ALL_OR_NOTHING = Message(
    sv="Inget gjordes: {refused} av {count} rader avvisades, och --all-or-nothing angavs.",
    en="Nothing was done: {refused} of {count} rows were refused, and --all-or-nothing was given.",
)
NAME_ANOTHER_REPORT = Message(
    sv="Ange en annan fil med --report.",
    en="Name another file with --report.",
)

ACCEPT_SHORT_LIST = Message(
    sv="Se efter att filen är hel. Är den det, ange --accept-short.",
    en="See that the file is whole. If it is, give --accept-short.",
)
PLAN_AGAIN = Message(
    sv="Kör kommandot igen, och se den nya planen.",
    en="Run the command again, and look at the new plan.",
)
