"""What an operator can do about a finding or an error, by name.

The rooms below the command line say what is so. What to type, or where to press, is put into words
by the outermost layer: `cli/remedies.py` for the command line.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple


class Remedy(StrEnum):
    """The remedies; calling one fills in what it is about."""

    ADOPT_ARCHIVE = "adopt_archive"
    ADOPT_CLUSTER = "adopt_cluster"
    ADOPT_TOPIC = "adopt_topic"
    CHECK_GROUP_ID = "check_group_id"
    CHECK_KAFKA_ADDRESS = "check_kafka_address"
    CHECK_KAFKA_LOGIN = "check_kafka_login"
    CHECK_KAFKA_RIGHTS = "check_kafka_rights"
    CHECK_KAFKA_VERSION = "check_kafka_version"
    CHECK_SESSION_TIMEOUT = "check_session_timeout"
    CREATE_PARTITIONS = "create_partitions"
    CREATE_TOPICS = "create_topics"
    EXPORT_AGAIN = "export_again"
    FIND_WHO_DELETED = "find_who_deleted"
    KEEP_RECORDS = "keep_records"
    NAME_A_PARTITION = "name_a_partition"
    READ_CURRENT_LOG = "read_current_log"
    REPUBLISH_MISSING = "republish_missing"
    REREAD_PARTITION = "reread_partition"
    RUN_DOCTOR = "run_doctor"
    RUN_FEWER_WORKERS = "run_fewer_workers"
    SKIP_UNDECODABLE = "skip_undecodable"
    START_LATER = "start_later"
    STOP_OTHER_MEMBERS = "stop_other_members"

    def __call__(self, **about: Any) -> "Advice":
        """The remedy for one case: a topic, a partition, a path."""
        return Advice(self, about)


class Advice(NamedTuple):
    """A remedy, and what it is about in this case."""

    remedy: Remedy
    about: Mapping[str, Any]
