"""What to type: each remedy as a sentence for the command line."""

import shlex
from collections.abc import Mapping

from sync_worker.cli import messages
from sync_worker.errors import Hint, Words
from sync_worker.language import Language, Message, worded
from sync_worker.remedies import Advice, Remedy

_RESET = "sync-worker positions reset --topic {topic} --partition {partition} --to"

SENTENCES: Mapping[Remedy, str | Message] = {
    Remedy.ACCEPT_SHORT_EXTRACT: "Have the extract made again. If it is complete: --accept-short",
    Remedy.ACKNOWLEDGE_HOLD: "sync-worker holds show {number} -o csv lists them for corrections; if"
    " they are right: sync-worker holds acknowledge {number} --reason TEXT",
    Remedy.ADD_PARTITIONS: "kafka-topics.sh --bootstrap-server {bootstrap_servers} --alter "
    "--topic {topic} --partitions {partitions}",
    Remedy.ADOPT_ARCHIVE: "Give the whole archive, or adopt this one as it is: "
    "sync-worker positions reset --archive {path} --to earliest",
    Remedy.ADOPT_CLUSTER: "Set SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS back, or adopt this cluster: "
    "sync-worker positions reset --to earliest",
    Remedy.ADOPT_NEW_TOPICS: "After a topic is re-created: "
    "sync-worker positions reset --to earliest",
    Remedy.ADOPT_TOPIC: "Adopt the new topic: "
    "sync-worker positions reset --topic {topic} --to earliest",
    Remedy.APPLY_ROLES: "sync-worker db roles --apply",
    Remedy.ASK_WHETHER_THEY_PUBLISH: "Ask the e-services whether they publish; sync-worker status",
    Remedy.CHECK_BROKERS: "Check the brokers: sync-worker doctor",
    Remedy.ADMIT_TO_DATABASE: messages.ADMIT,
    Remedy.FREE_CONNECTIONS: messages.FREE_CONNECTIONS,
    Remedy.UNDO_TABLE_CHANGES: "Undo what was changed, or restore the database from a backup. What "
    "has happened is in the server's log.",
    Remedy.CHECK_DATABASE: "Check SYNC_WORKER_DATABASE_URL (sync-worker config show), and the "
    "database.",
    Remedy.CHECK_DATABASE_AUTHORITIES: messages.CHECK_AUTHORITIES,
    Remedy.CHECK_DATABASE_CHANNEL_BINDING: messages.CHECK_CHANNEL_BINDING,
    Remedy.CHECK_DATABASE_HOST_NAME: messages.CHECK_HOST_NAME,
    Remedy.CHECK_DATABASE_KEY_PERMISSIONS: messages.CHECK_KEY_PERMISSIONS,
    Remedy.CHECK_DATABASE_LOGIN: messages.CHECK_LOGIN,
    Remedy.CHECK_DATABASE_METHOD: messages.CHECK_METHOD,
    Remedy.CHECK_DATABASE_OWN_CERTIFICATE: messages.CHECK_OWN_CERTIFICATE,
    Remedy.CHECK_DATABASE_PASSWORD: messages.CHECK_PASSWORD,
    Remedy.CHECK_DATABASE_SSLMODE: messages.CHECK_SSLMODE,
    Remedy.CHECK_DATABASE_TLS_VERSION: messages.CHECK_TLS_VERSION,
    Remedy.CHECK_GROUP_ID: "Correct SYNC_WORKER_KAFKA_GROUP_ID.",
    Remedy.CHECK_KAFKA_ADDRESS: "Check SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS, and "
    "SYNC_WORKER_KAFKA_SECURITY_PROTOCOL with the SASL_… and SSL_… settings beside it, or try "
    "again when Kafka is back. Brokers that close every connection at once may need "
    "SYNC_WORKER_KAFKA_API_VERSION.",
    Remedy.CHECK_KAFKA_AUTHORITIES: "SYNC_WORKER_KAFKA_SSL_CAFILE must name the authority that "
    "vouches for the brokers; without it, this system's authorities are asked. If it is right, "
    "find out what answers at this address, and whether the brokers show the whole chain of "
    "certificates.",
    Remedy.CHECK_KAFKA_CERTIFICATE: "Have the brokers' certificate, or its authority's in "
    "SYNC_WORKER_KAFKA_SSL_CAFILE, made again: for servers, with SHA-256, and with a key of 2048 "
    "bits of RSA or 256 of an elliptic curve at least.",
    Remedy.CHECK_KAFKA_CERTIFICATE_DATES: "Have the brokers' certificate renewed, or correct this "
    "machine's clock; also look at the authority in SYNC_WORKER_KAFKA_SSL_CAFILE.",
    Remedy.CHECK_KAFKA_FILES: "Correct the files that SYNC_WORKER_KAFKA_SSL_CAFILE, "
    "SYNC_WORKER_KAFKA_SSL_CERTFILE and SYNC_WORKER_KAFKA_SSL_KEYFILE name.",
    Remedy.CHECK_KAFKA_HOST_NAME: "Write in SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS a name that the "
    "brokers' certificate has, or have it made for this one; names that brokers advertise are in "
    "their advertised.listeners.",
    Remedy.CHECK_KAFKA_LOGIN: "Check SYNC_WORKER_KAFKA_SECURITY_PROTOCOL with the SASL_… and SSL_… "
    "settings beside it: the user, its secret, the mechanism, the authorities.",
    Remedy.CHECK_KAFKA_MECHANISM: "Set SYNC_WORKER_KAFKA_SASL_MECHANISM to one that the brokers "
    "offer here.",
    Remedy.CHECK_KAFKA_OWN_CERTIFICATE: "SYNC_WORKER_KAFKA_SSL_CERTFILE and "
    "SYNC_WORKER_KAFKA_SSL_KEYFILE must name a certificate that is valid now, of an authority that "
    "the brokers trust.",
    Remedy.CHECK_KAFKA_PASSWORD: "Check SYNC_WORKER_KAFKA_SASL_USERNAME and "
    "SYNC_WORKER_KAFKA_SASL_PASSWORD, and that the brokers know this user by "
    "SYNC_WORKER_KAFKA_SASL_MECHANISM.",
    Remedy.CHECK_KAFKA_PEER: "Find out what answers at the address in "
    "SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS. With SYNC_WORKER_KAFKA_SECURITY_PROTOCOL set to SASL_SSL "
    "it must prove who it is before a login.",
    Remedy.CHECK_KAFKA_PROTOCOL: "Check SYNC_WORKER_KAFKA_SECURITY_PROTOCOL: SSL or SASL_SSL where "
    "the brokers speak TLS, SASL_SSL or SASL_PLAINTEXT where they want a login; or the port in "
    "SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS.",
    Remedy.CHECK_KAFKA_TLS_VERSION: "Have the brokers speak TLS 1.2 or 1.3 "
    "(ssl.enabled.protocols), or check SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS.",
    Remedy.CHECK_KAFKA_TOKEN: "Check SYNC_WORKER_KAFKA_SASL_OAUTH_TOKEN_FILE, or "
    "SYNC_WORKER_KAFKA_SASL_OAUTH_TOKEN_URL with …_CLIENT_ID and …_CLIENT_SECRET; SSL_CERT_FILE "
    "names the authority of that server, if this system does not know it.",
    Remedy.CHECK_KAFKA_RIGHTS: "Check the SYNC_WORKER_KAFKA_… settings, and the rights of this "
    "user in the cluster.",
    Remedy.CHECK_KAFKA_VERSION: "Check that SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS names brokers that "
    "are new enough.",
    Remedy.CHECK_SESSION_TIMEOUT: "Set SYNC_WORKER_KAFKA_SESSION_TIMEOUT_MS within the brokers' "
    "group.min.session.timeout.ms and group.max.session.timeout.ms (by default 6000 to 1800000).",
    Remedy.CHECK_TOPICS: "Check SYNC_WORKER_KAFKA_ACTIVATION_TOPIC and "
    "SYNC_WORKER_KAFKA_REGION_TOPIC",
    Remedy.CONFIGURE_KAFKA: "Set it to host:port.",
    Remedy.CONFIGURE_KAFKA_OR_GIVE_ARCHIVE: "Set it to host:port, or give an archive: "
    "--archive PATH",
    Remedy.CONFIGURE_TOPIC: "kafka-configs.sh --bootstrap-server {bootstrap_servers} --alter "
    "--entity-type topics --entity-name {topic} --add-config {options}",
    Remedy.CORRECT_DATABASE_FILES: "Correct the path in SYNC_WORKER_DATABASE_URL, "
    "SYNC_WORKER_SUPPORT_DATABASE_URL or the PG… variable, or the file, or let the user that this "
    "runs as read it; the pass phrase of a key is sslpassword=… in the URL.",
    Remedy.CORRECT_DATABASE_PATH: "Create the folder, or correct SYNC_WORKER_DATABASE_URL to name "
    "the file itself.",
    Remedy.CORRECT_REGISTRATION: "sync-worker log list --clinic {hsa_id}; set it right with "
    "sync-worker clinics add or sync-worker clinics remove",
    Remedy.CORRECT_SETTINGS: "Correct or unset what is named; sync-worker config show lists every "
    "setting.",
    Remedy.CORRECT_TYPES: "Have the publishers use the types of docs/producing.md exactly as "
    "written there, and publish again what was ignored; sync-worker events validate shows what "
    "the worker would do with an event",
    Remedy.CREATE_DATABASE_FILE: "sync-worker db upgrade creates it; SYNC_WORKER_DATABASE_URL says "
    "where.",
    Remedy.CREATE_PARTITIONS: "Publish into topics with as many partitions as those that were "
    "exported: sync-worker topics create --partitions N creates new ones.",
    Remedy.CREATE_TOPICS: "Check SYNC_WORKER_KAFKA_ACTIVATION_TOPIC and "
    "SYNC_WORKER_KAFKA_REGION_TOPIC, or create the topics: sync-worker topics create",
    Remedy.DEBUG: "The same command with --debug shows where.",
    Remedy.EXPORT_AGAIN: "Check that the file is an archive: one JSON object per line, as "
    "`kcat -J` prints it. sync-worker events export writes only the beginning of a record that is "
    "too large.",
    Remedy.FIND_CLINICS: messages.SEARCH,
    Remedy.FIND_WHO_DELETED: "Find out who deleted it. Once it exists again: "
    "sync-worker positions reset --topic {topic} --to earliest",
    Remedy.FINISH_UPGRADE: "Finish the upgrade: replace what runs of this version by version "
    "{version}",
    Remedy.GRANT_KAFKA_RIGHT: "kafka-acls.sh --bootstrap-server {bootstrap_servers} --add "
    "--allow-principal {principal} --operation {operation} --{kind} {name}",
    Remedy.KEEP_RECORDS: "Give the topics unlimited retention (sync-worker doctor), and start "
    "again.",
    Remedy.LEAVE_EXCERPTS_OUT: "Leave such records out: grep -v '\"payload_size\"' FILE",
    Remedy.LIST_ALL_DEAD_LETTERS: "sync-worker deadletters list --status all",
    Remedy.LIST_ALL_HOLDS: "sync-worker holds list --status all",
    Remedy.LIST_CLINICS: "sync-worker clinics list; SYNC_WORKER_EVENTS_EXTRA_REGIONS adds a region "
    "that is in use",
    Remedy.LIST_CLINICS_OF_UNUSED_REGION: "sync-worker clinics list --region {region_code}; "
    "SYNC_WORKER_EVENTS_EXTRA_REGIONS adds a region that is in use",
    Remedy.LIST_DEAD_LETTERS: "sync-worker deadletters list",
    Remedy.LIST_DEAD_LETTERS_OF_CLINIC: messages.DEAD_LETTERS_OF_CLINIC,
    Remedy.LIST_OPEN_DEAD_LETTERS: "sync-worker deadletters list shows those that are open.",
    Remedy.LIST_OPEN_HOLDS: "sync-worker holds list shows those that are open.",
    Remedy.LIST_TAK: "sync-worker tak list",
    Remedy.NAME_A_PARTITION: "Name an existing partition with --partition.",
    Remedy.NAME_WORKERS: "Give each a SYNC_WORKER_WORKER_NAME of its own, or none",
    Remedy.PLAN_AGAIN: messages.PLAN_AGAIN,
    Remedy.RAISE_OPEN_FILES: messages.RAISE_OPEN_FILES,
    Remedy.READ_CURRENT_LOG: f"Read the log as it is now: {_RESET} earliest",
    Remedy.RECONCILE: "sync-worker reconcile --against topics --record, on a schedule",
    Remedy.REDRIVE_DEAD_LETTERS: "sync-worker deadletters list; once the cause is fixed: "
    "sync-worker deadletters redrive --all --dry-run",
    Remedy.REMOVE_CLINIC: "sync-worker clinics remove {hsa_id} --reason TEXT, or correct the "
    "TAK list",
    Remedy.REPAIR_DRIFT: "sync-worker reconcile --against topics shows it; with --apply --record "
    "--reason TEXT it repairs all but registrations",
    Remedy.REPORT_FAULT: "Report it, with the version: sync-worker --version",
    Remedy.REPUBLISH_MISSING: "Give the topic unlimited retention, have the missing events "
    f"published again, and continue with {_RESET} earliest",
    Remedy.REREAD_PARTITION: f"Read it again: {_RESET} earliest",
    Remedy.RUN_DOCTOR: "See what else is affected: sync-worker doctor",
    Remedy.RUN_FEWER_WORKERS: "Run fewer workers, or set a SYNC_WORKER_KAFKA_GROUP_ID that they "
    "do not share with others.",
    Remedy.RUN_WORKER: "sync-worker run",
    Remedy.SEE_CLINICS: "sync-worker clinics list",
    Remedy.SEE_CLINICS_OF_REGION: "sync-worker clinics list --region {region_code}",
    Remedy.SEE_DOCTOR: "sync-worker doctor",
    Remedy.SEE_HOLD: "sync-worker holds show {number}",
    Remedy.SEE_HOLD_OF_CLINIC: messages.HOLD_OF_CLINIC,
    Remedy.SEE_HOLDS: "sync-worker holds list",
    Remedy.SEE_PROCESS: "On {host}, ps -o stat,start,args {pid}: where it is stopped (T), "
    "kill -CONT {pid}, or kill -9 {pid}; where it is gone, look why nothing restarted it",
    Remedy.SEE_TRUE_LAG: "No action needed; sync-worker status shows the true lag",
    Remedy.SET_BOARD: "sync-worker regions show {region_code}; support sets the board: sync-worker "
    "boards set",
    Remedy.SHOW_HOLD: "Look at it: sync-worker holds show {number}",
    Remedy.SHOW_REGION: "sync-worker regions show {region_code}",
    Remedy.SKIP_CORRUPT_BATCH: "Look at it: kcat -C -t {topic} -p {partition} -o {offset} -c 1. To "
    f"skip it, set the position beyond its batch: {_RESET} offset:N",
    Remedy.START_LATER: "Start at what is there: --from offset:{offset}, or --from earliest",
    Remedy.STOP_OTHER_MEMBERS: "Stop them, or set a SYNC_WORKER_KAFKA_GROUP_ID that the workers do "
    "not share with others.",
    Remedy.UPGRADE_PROGRAM: "Replace this version by version {version}, which brought the schema "
    "there, or a later one: sync-worker --version",
    Remedy.UPGRADE_SCHEMA: "sync-worker db upgrade, as the owner of the tables, with the "
    "newest version of the program in use.",
    Remedy.USE_FREE_HTTP_PORT: "Set SYNC_WORKER_HTTP_PORT to a free port, or to 0 to serve "
    "neither.",
    Remedy.USE_FREE_METRICS_PORT: "Set SYNC_WORKER_WEB_METRICS_PORT to a free port, or to 0 to "
    "serve none.",
    Remedy.USE_FREE_WEB_PORT: "Set SYNC_WORKER_WEB_HOST and SYNC_WORKER_WEB_PORT to a free port of "
    "an address of this machine, and SYNC_WORKER_WEB_BASE_URL to what browsers call it.",
    Remedy.USE_ONE_GROUP: "Give all workers the same SYNC_WORKER_KAFKA_GROUP_ID",
    Remedy.USE_OWNER: messages.USE_OWNER,
    Remedy.WORK_AS_ROLE: "Log in as a user that was granted {role}: sync-worker db roles",
}


def in_words(hint: Hint) -> Words:
    """A hint as a sentence; what it is about is quoted for a shell."""
    if not isinstance(hint, Advice):
        return hint
    about = {name: shlex.quote(str(value)) for name, value in hint.about.items()}
    sentence = SENTENCES[hint.remedy]
    return sentence(**about) if isinstance(sentence, Message) else sentence.format(**about)


def sentence_of(text: str, hint: Hint) -> str:
    """What needs attention with what to type, in English."""
    separator = " " if text.endswith(".") else ": "
    return f"{text}{separator}{worded(in_words(hint), Language.ENGLISH)}"
