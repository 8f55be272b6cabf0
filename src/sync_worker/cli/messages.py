"""What the command line says in both languages: what to type, and what every command may say."""

from sync_worker.language import Message

ERROR = Message(sv="fel: {words}", en="error: {words}")
HINT = Message(sv="tips: {words}", en="hint: {words}")
NOTHING = Message(sv="Det finns inget att visa.", en="There is nothing to show.")
HIDDEN_COLUMNS = Message(
    sv="Kolumner som inte får plats: {names}. Gör fönstret bredare eller använd -o json.",
    en="Columns that do not fit: {names}. Widen the terminal or use -o json.",
)
DRY_RUN = Message(sv="Provkörning: ingenting har ändrats.", en="Dry run: nothing was changed.")
CONFIRMATION = Message(
    sv="Ändringen måste bekräftas, men det finns ingen terminal att fråga i.",
    en="The change must be confirmed, but there is no terminal to ask on.",
)
REGISTRY_FILE = Message(
    sv="{path} hör till registrets databas och skrivs inte över.",
    en="{path} belongs to the registry's database and is not overwritten.",
)
NAME_ANOTHER_FILE = Message(sv="Ange en annan fil.", en="Name another file.")
GIVE_YES = Message(sv="Ange --yes om planen stämmer.", en="Give --yes if the plan is right.")
YES_OR_NO = Message(sv=" [j/N]: ", en=" [y/N]: ")
ANSWER = Message(sv="svara ja eller nej", en="answer yes or no")
DATABASE_UNAVAILABLE = Message(
    sv="Databasen går inte att nå eller använda just nu.",
    en="The database cannot be reached or used at the moment.",
)
DATABASE_FULL = Message(sv="Databasens disk är full.", en="The disk of the database is full.")
DATABASE_READ_ONLY = Message(
    sv="Databasen tar inte emot ändringar nu: den är en standby, eller bara för läsning.",
    en="The database accepts no changes now: it is a standby, or is set to be read only.",
)
NAME_PRIMARY = Message(
    sv="Ange den primära servern i {setting}, eller låt återställa "
    "default_transaction_read_only för användaren eller databasen (ALTER … RESET).",
    en="Name the primary server in {setting}, or have default_transaction_read_only reset for "
    "the user or the database (ALTER … RESET).",
)
MAKE_ROOM = Message(
    sv="Frigör utrymme där databasen ligger, och försök igen.",
    en="Make room where the database is, and try again.",
)
LOGIN_REFUSED = Message(
    sv="Databasen svarar men nekar inloggningen.", en="The database answers but refuses the login."
)
DATABASE_UNTRUSTED = Message(
    sv="Det som svarar uppfyller inte vad adressen kräver, så inget lösenord har skickats dit.",
    en="What answers is not what the address demands, so no password was sent to it.",
)
CHECK_LOGIN = Message(
    sv="Kontrollera användare, lösenord, databas och sslmode i {setting}, och serverns "
    "pg_hba.conf: sync-worker config show",
    en="Check the user, password, database and sslmode in {setting}, and the server's "
    "pg_hba.conf: sync-worker config show",
)
CHECK_PASSWORD = Message(
    sv="Kontrollera användare och lösenord i {setting}, eller PGPASSWORD.",
    en="Check the user and the password in {setting}, or PGPASSWORD.",
)
ADMIT = Message(
    sv="På servern: ALTER ROLE … LOGIN, GRANT CONNECT ON DATABASE … TO …, eller ALTER DATABASE … "
    "ALLOW_CONNECTIONS true.",
    en="On the server: ALTER ROLE … LOGIN, GRANT CONNECT ON DATABASE … TO …, or ALTER DATABASE … "
    "ALLOW_CONNECTIONS true.",
)
RAISE_OPEN_FILES = Message(
    sv="Höj gränsen för öppna filer, med ulimit -n 1024 i ett skal eller LimitNOFILE= i systemd, "
    "och starta igen.",
    en="Raise the limit of open files, by ulimit -n 1024 in a shell or LimitNOFILE= in systemd, "
    "and start it again.",
)
FREE_CONNECTIONS = Message(
    sv="Avsluta sessioner på servern som ingen använder (pg_stat_activity), eller höj gränsen: "
    "max_connections, eller CONNECTION LIMIT för rollen eller databasen.",
    en="End sessions on the server that nobody uses (pg_stat_activity), or raise the limit: "
    "max_connections, or CONNECTION LIMIT of the role or the database.",
)
CHECK_AUTHORITIES = Message(
    sv="sslrootcert=… i {setting} ska ange den utfärdare som går i god för servern. "
    "Om den stämmer: låt servern visa hela kedjan av certifikat, låt förnya dess certifikat om det "
    "är återkallat, inte gäller i dag, är för svagt eller inte gjort för servrar, och kontrollera "
    "klockan på den här datorn.",
    en="sslrootcert=… in {setting} must name the authority that vouches for the "
    "server. If it is right, have the server show the whole chain of certificates, have its "
    "certificate renewed if it is revoked, not valid today, too weak or not made for servers, and "
    "check this machine's clock.",
)
CHECK_HOST_NAME = Message(
    sv="Skriv servern i {setting} med ett namn som står i dess certifikat.",
    en="Write the server in {setting} by a name that its certificate has.",
)
CHECK_SSLMODE = Message(
    sv="sslmode=… i {setting} och serverns inställning ssl och pg_hba.conf måste stämma överens.",
    en="sslmode=… in {setting} must agree with the server's setting ssl and with its pg_hba.conf.",
)
CHECK_TLS_VERSION = Message(
    sv="Servern och ssl_min_protocol_version i {setting} måste ha TLS 1.2 eller 1.3 gemensamt.",
    en="The server and ssl_min_protocol_version in {setting} must have TLS 1.2 or 1.3 in common.",
)
CHECK_KEY_PERMISSIONS = Message(
    sv="Filen som sslkey=… i {setting} anger ska bara den användare kunna läsa som kör programmet: "
    "chmod 600",
    en="The file that sslkey=… in {setting} names must be readable by the user alone that this "
    "runs as: chmod 600",
)
CHECK_CHANNEL_BINDING = Message(
    sv="channel_binding=require i {setting} kräver TLS och inloggning med "
    "scram-sha-256 i serverns pg_hba.conf.",
    en="channel_binding=require in {setting} needs TLS, and a login by "
    "scram-sha-256 in the server's pg_hba.conf.",
)
CHECK_METHOD = Message(
    sv="require_auth=… i {setting} måste stämma med serverns pg_hba.conf.",
    en="require_auth=… in {setting} must agree with the server's pg_hba.conf.",
)
CHECK_OWN_CERTIFICATE = Message(
    sv="sslcert=… och sslkey=… i {setting} ska ange ett certifikat som gäller i "
    "dag, är utfärdat till användaren och av en utfärdare som servern litar på; sslpassword=… är "
    "nyckelns lösenord.",
    en="sslcert=… and sslkey=… in {setting} must name a certificate that is valid "
    "today, made for the user, and by an authority that the server trusts; sslpassword=… is the "
    "pass phrase of its key.",
)
DATABASE_BUSY = Message(
    sv="Databasen hann inte klart i tid. Den pågående ändringen genomfördes inte.",
    en="The database did not finish in time. The change in progress was not made.",
)
TRY_LATER = Message(
    sv="Försök igen. Om det upprepas är den överbelastad eller låst av någon annan: "
    "sync-worker doctor",
    en="Try again. If it happens repeatedly, it is overloaded or locked by somebody else: "
    "sync-worker doctor",
)
LACKS_CHARACTER = Message(
    sv="Ett av tecknen som angavs finns inte i databasens teckenkodning.",
    en="One of the characters that were given does not exist in the database's encoding.",
)
OTHER_CHARACTER = Message(
    sv="Skriv det på ett annat sätt, eller flytta registret till en databas med "
    "teckenkodningen UTF-8: sync-worker doctor",
    en="Write it differently, or move the registry to a database with the encoding UTF-8: "
    "sync-worker doctor",
)
IT_SAYS = Message(sv="Databasens svar: {words}.", en="The database says: {words}.")
SAYS_AND = Message(sv="{said} {more}", en="{said} {more}")
TRY_AGAIN = Message(
    sv="Försök igen när den går att nå, eller kontrollera adressen: sync-worker config show",
    en="Try again when it can be reached, or check its address: sync-worker config show",
)
LACKS_ROLE = Message(
    sv="Kommandot kräver rollen {role}, men du är inloggad i databasen som {login}.",
    en="The command requires the role {role}, but you are logged in to the database as {login}.",
)
USE_ROLE = Message(
    sv="Använd inloggningsuppgifterna för en användare med rollen {role}. Om användaren "
    "redan har den saknar rollen rättigheter: sync-worker db roles --apply, som "
    "tabellernas ägare.",
    en="Use the credentials of a user with the role {role}. If this user already has it, "
    "the role lacks rights: sync-worker db roles --apply, as the owner of the tables.",
)
USE_OWNER = Message(
    sv="Använd samma inloggningsuppgifter som sync-worker db upgrade kördes med.",
    en="Use the credentials that sync-worker db upgrade was run with.",
)
INTERRUPTED = Message(sv="Avbrutet.", en="Interrupted.")
NO_FILE = Message(sv="Filen {path} finns inte.", en="The file {path} does not exist.")
CHECK_PATH = Message(sv="Kontrollera sökvägen.", en="Check the path.")

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

DEAD_LETTERS_OF_CLINIC = Message(
    sv="Driften ser dem med: sync-worker deadletters list --clinic {hsa_id}",
    en="An operator sees them with: sync-worker deadletters list --clinic {hsa_id}",
)
WHO_CAN_CHANGE = Message(sv="Vem som kan ändra vad:", en="Who can change what:")
HOLD_OF_CLINIC = Message(
    sv="Driften ser hela massändringen med: sync-worker holds show {number}",
    en="An operator sees the whole hold with: sync-worker holds show {number}",
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
    sv="Ingenting ändrades: {refused} av {count} rader avvisades, och --all-or-nothing angavs.",
    en="Nothing was changed: {refused} of {count} rows were refused, and --all-or-nothing "
    "was given.",
)
NAME_ANOTHER_REPORT = Message(
    sv="Ange en annan fil med --report.",
    en="Name another file with --report.",
)
ACCEPT_SHORT_LIST = Message(
    sv="Kontrollera att filen är komplett. Ange i så fall --accept-short.",
    en="Check that the file is complete. If it is, give --accept-short.",
)
PLAN_AGAIN = Message(
    sv="Kör kommandot igen och granska den nya planen.",
    en="Run the command again and review the new plan.",
)
RECORDS_DONE = Message(
    sv="{count} poster", en="{count} records", sv_one="{count} post", en_one="{count} record"
)
ROWS_DONE = Message(
    sv="{count} rader", en="{count} rows", sv_one="{count} rad", en_one="{count} row"
)
CLINICS_DONE = Message(
    sv="{count} mottagningar",
    en="{count} clinics",
    sv_one="{count} mottagning",
    en_one="{count} clinic",
)
DEAD_LETTERS_DONE = Message(
    sv="{count} avvisade poster",
    en="{count} dead letters",
    sv_one="{count} avvisad post",
    en_one="{count} dead letter",
)
FACTS_DONE = Message(
    sv="{count} uppgifter", en="{count} facts", sv_one="{count} uppgift", en_one="{count} fact"
)
REVISIONS_DONE = Message(
    sv="{count} versioner",
    en="{count} revisions",
    sv_one="{count} version",
    en_one="{count} revision",
)
RATE = Message(sv="{rate} i sekunden", en="{rate} a second")
TIME_LEFT = Message(sv="{time} kvar", en="{time} left")
