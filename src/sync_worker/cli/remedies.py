"""What to type: each remedy as a sentence for the command line."""

import shlex
from collections.abc import Mapping

from sync_worker.errors import Hint, Words
from sync_worker.remedies import Advice, Remedy

_RESET = "sync-worker positions reset --topic {topic} --partition {partition} --to"

SENTENCES: Mapping[Remedy, str] = {
    Remedy.ADOPT_ARCHIVE: "Give the whole archive, or adopt this one as it is: "
    "sync-worker positions reset --archive {path} --to earliest",
    Remedy.ADOPT_CLUSTER: "Set SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS back, or adopt this cluster: "
    "sync-worker positions reset --to earliest",
    Remedy.ADOPT_TOPIC: "Adopt the new topic: "
    "sync-worker positions reset --topic {topic} --to earliest",
    Remedy.CHECK_GROUP_ID: "Correct SYNC_WORKER_KAFKA_GROUP_ID.",
    Remedy.CHECK_KAFKA_ADDRESS: "Check SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS, and "
    "SYNC_WORKER_KAFKA_SECURITY_PROTOCOL with the SASL_… and SSL_… settings beside it, or try "
    "again when Kafka is back. Brokers that close every connection at once may need "
    "SYNC_WORKER_KAFKA_API_VERSION.",
    Remedy.CHECK_KAFKA_LOGIN: "Check SYNC_WORKER_KAFKA_SECURITY_PROTOCOL with the SASL_… and SSL_… "
    "settings beside it: the user, its secret, the mechanism, the authorities.",
    Remedy.CHECK_KAFKA_RIGHTS: "Check the SYNC_WORKER_KAFKA_… settings, and the rights of this "
    "user in the cluster.",
    Remedy.CHECK_KAFKA_VERSION: "Check that SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS names brokers that "
    "are new enough.",
    Remedy.CHECK_SESSION_TIMEOUT: "Set SYNC_WORKER_KAFKA_SESSION_TIMEOUT_MS within the brokers' "
    "group.min.session.timeout.ms and group.max.session.timeout.ms (by default 6000 to 1800000).",
    Remedy.CREATE_PARTITIONS: "Publish into topics with as many partitions as those that were "
    "exported: sync-worker topics create --partitions N creates new ones.",
    Remedy.CREATE_TOPICS: "Check SYNC_WORKER_KAFKA_ACTIVATION_TOPIC and "
    "SYNC_WORKER_KAFKA_REGION_TOPIC, or create the topics: sync-worker topics create",
    Remedy.EXPORT_AGAIN: "Check that the file is an archive: one JSON object a line, as `kcat -J` "
    "prints it. sync-worker events export writes the beginning of a record that is too large.",
    Remedy.FIND_WHO_DELETED: "Find out who deleted it. Once it exists again: "
    "sync-worker positions reset --topic {topic} --to earliest",
    Remedy.KEEP_RECORDS: "Give the topics unlimited retention (sync-worker doctor), and start "
    "again.",
    Remedy.NAME_A_PARTITION: "Name an existing partition with --partition.",
    Remedy.READ_CURRENT_LOG: f"Read the log as it is now: {_RESET} earliest",
    Remedy.REPUBLISH_MISSING: "Give the topic unlimited retention, have the missing events "
    f"published again, and continue with {_RESET} earliest",
    Remedy.REREAD_PARTITION: f"Read it again: {_RESET} earliest",
    Remedy.RUN_DOCTOR: "See what else is affected: sync-worker doctor",
    Remedy.RUN_FEWER_WORKERS: "Run fewer workers, or set a SYNC_WORKER_KAFKA_GROUP_ID that they "
    "do not share with others.",
    Remedy.SKIP_UNDECODABLE: "Look at it: kcat -C -t {topic} -p {partition} -o {offset} -c 1. To "
    f"skip it, set the position beyond its batch: {_RESET} offset:N",
    Remedy.START_LATER: "Start at what is there: --from offset:{offset}, or --from earliest",
    Remedy.STOP_OTHER_MEMBERS: "Stop them, or set a SYNC_WORKER_KAFKA_GROUP_ID that the workers do "
    "not share with others.",
}


def in_words(hint: Hint) -> Words:
    """A hint as a sentence; what it is about is quoted for a shell."""
    if not isinstance(hint, Advice):
        return hint
    about = {name: shlex.quote(str(value)) for name, value in hint.about.items()}
    return SENTENCES[hint.remedy].format(**about)
