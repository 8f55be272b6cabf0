"""What an operator can do about a finding or an error, by name.

The rooms below the command line say what is so. What to type, or where to press, is put into words
by the outermost layer: `cli/remedies.py` for the command line.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple


class Remedy(StrEnum):
    """The remedies; calling one fills in what it is about."""

    ACCEPT_SHORT_EXTRACT = "accept_short_extract"
    ACKNOWLEDGE_HOLD = "acknowledge_hold"
    ADD_PARTITIONS = "add_partitions"
    ADOPT_ARCHIVE = "adopt_archive"
    ADOPT_CLUSTER = "adopt_cluster"
    ADOPT_NEW_TOPICS = "adopt_new_topics"
    ADOPT_TOPIC = "adopt_topic"
    APPLY_ROLES = "apply_roles"
    ASK_WHETHER_THEY_PUBLISH = "ask_whether_they_publish"
    CHECK_BROKERS = "check_brokers"
    CHECK_DATABASE = "check_database"
    CHECK_DATABASE_AUTHORITIES = "check_database_authorities"
    CHECK_DATABASE_CHANNEL_BINDING = "check_database_channel_binding"
    CHECK_DATABASE_HOST_NAME = "check_database_host_name"
    CHECK_DATABASE_LOGIN = "check_database_login"
    CHECK_DATABASE_METHOD = "check_database_method"
    CHECK_DATABASE_OWN_CERTIFICATE = "check_database_own_certificate"
    CHECK_DATABASE_PASSWORD = "check_database_password"  # noqa: S105 - a name
    CHECK_DATABASE_SSLMODE = "check_database_sslmode"
    CHECK_GROUP_ID = "check_group_id"
    CHECK_KAFKA_ADDRESS = "check_kafka_address"
    CHECK_KAFKA_AUTHORITIES = "check_kafka_authorities"
    CHECK_KAFKA_CERTIFICATE_DATES = "check_kafka_certificate_dates"
    CHECK_KAFKA_FILES = "check_kafka_files"
    CHECK_KAFKA_HOST_NAME = "check_kafka_host_name"
    CHECK_KAFKA_LOGIN = "check_kafka_login"
    CHECK_KAFKA_MECHANISM = "check_kafka_mechanism"
    CHECK_KAFKA_OWN_CERTIFICATE = "check_kafka_own_certificate"
    CHECK_KAFKA_PASSWORD = "check_kafka_password"  # noqa: S105 - a name
    CHECK_KAFKA_PROTOCOL = "check_kafka_protocol"
    CHECK_KAFKA_TOKEN = "check_kafka_token"  # noqa: S105 - a name
    CHECK_KAFKA_RIGHTS = "check_kafka_rights"
    CHECK_KAFKA_VERSION = "check_kafka_version"
    CHECK_SESSION_TIMEOUT = "check_session_timeout"
    CHECK_TOPICS = "check_topics"
    CONFIGURE_KAFKA = "configure_kafka"
    CONFIGURE_KAFKA_OR_GIVE_ARCHIVE = "configure_kafka_or_give_archive"
    CONFIGURE_TOPIC = "configure_topic"
    CORRECT_DATABASE_FILES = "correct_database_files"
    CORRECT_DATABASE_PATH = "correct_database_path"
    CORRECT_REGISTRATION = "correct_registration"
    CORRECT_SETTINGS = "correct_settings"
    CORRECT_TYPES = "correct_types"
    CREATE_DATABASE_FILE = "create_database_file"
    CREATE_PARTITIONS = "create_partitions"
    CREATE_TOPICS = "create_topics"
    DEBUG = "debug"
    EXPORT_AGAIN = "export_again"
    FIND_CLINICS = "find_clinics"
    FIND_WHO_DELETED = "find_who_deleted"
    FINISH_UPGRADE = "finish_upgrade"
    GRANT_KAFKA_RIGHT = "grant_kafka_right"
    KEEP_RECORDS = "keep_records"
    LEAVE_EXCERPTS_OUT = "leave_excerpts_out"
    LIST_ALL_DEAD_LETTERS = "list_all_dead_letters"
    LIST_ALL_HOLDS = "list_all_holds"
    LIST_CLINICS = "list_clinics"
    LIST_CLINICS_OF_UNUSED_REGION = "list_clinics_of_unused_region"
    LIST_DEAD_LETTERS = "list_dead_letters"
    LIST_DEAD_LETTERS_OF_CLINIC = "list_dead_letters_of_clinic"
    LIST_OPEN_DEAD_LETTERS = "list_open_dead_letters"
    LIST_OPEN_HOLDS = "list_open_holds"
    LIST_TAK = "list_tak"
    NAME_A_PARTITION = "name_a_partition"
    NAME_WORKERS = "name_workers"
    PLAN_AGAIN = "plan_again"
    READ_CURRENT_LOG = "read_current_log"
    RECONCILE = "reconcile"
    REDRIVE_DEAD_LETTERS = "redrive_dead_letters"
    REMOVE_CLINIC = "remove_clinic"
    REPAIR_DRIFT = "repair_drift"
    REPORT_FAULT = "report_fault"
    REPUBLISH_MISSING = "republish_missing"
    REREAD_PARTITION = "reread_partition"
    RUN_DOCTOR = "run_doctor"
    RUN_FEWER_WORKERS = "run_fewer_workers"
    RUN_WORKER = "run_worker"
    SEE_CLINICS = "see_clinics"
    SEE_CLINICS_OF_REGION = "see_clinics_of_region"
    SEE_DOCTOR = "see_doctor"
    SEE_HOLD = "see_hold"
    SEE_HOLD_OF_CLINIC = "see_hold_of_clinic"
    SEE_HOLDS = "see_holds"
    SEE_PROCESS = "see_process"
    SEE_TRUE_LAG = "see_true_lag"
    SET_BOARD = "set_board"
    SHOW_HOLD = "show_hold"
    SHOW_REGION = "show_region"
    SKIP_CORRUPT_BATCH = "skip_corrupt_batch"
    START_LATER = "start_later"
    STOP_OTHER_MEMBERS = "stop_other_members"
    UPGRADE_PROGRAM = "upgrade_program"
    UPGRADE_SCHEMA = "upgrade_schema"
    USE_FREE_HTTP_PORT = "use_free_http_port"
    USE_FREE_METRICS_PORT = "use_free_metrics_port"
    USE_FREE_WEB_PORT = "use_free_web_port"
    USE_ONE_GROUP = "use_one_group"
    USE_OWNER = "use_owner"
    WORK_AS_ROLE = "work_as_role"

    def __call__(self, **about: Any) -> "Advice":
        """The remedy for one case: a topic, a partition, a path."""
        return Advice(self, about)


class Advice(NamedTuple):
    """A remedy, and what it is about in this case."""

    remedy: Remedy
    about: Mapping[str, Any]
