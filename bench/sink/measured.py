"""Runs a sink until it has read all: `python -m bench.sink.measured BOOTSTRAP GROUP TOPICS …`.

`TOPICS` are joined by commas; then comes the command. Connect never ends by itself: it is sent
SIGTERM as soon as its group has committed the end of each partition, or has partitions where there
is nothing to read. What it took is printed as by `bench.measured`, which says what `--on` is, too.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from bench.measured import processor_and_command, start

_LOOK_SECONDS = 0.1
_DEADLINE_SECONDS = 1200
_ENDED_BY_SIGTERM = 128 + signal.SIGTERM


def main(arguments: list[str]) -> None:
    """Run the command until everything is committed, and print what it took."""
    processor, (bootstrap, group, topics, *command) = processor_and_command(arguments)
    ends = _ends(bootstrap, topics.split(","))
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    started = start(command, sys.stderr.fileno(), processor)
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not _is_done(admin, group, ends) and _is_running(started.process_id):
        if time.monotonic() > deadline:
            os.kill(started.process_id, signal.SIGKILL)
        time.sleep(_LOOK_SECONDS)
    if _is_running(started.process_id):
        os.kill(started.process_id, signal.SIGTERM)
    ended = started.ended()
    ended["exit_code"] = 0 if ended["exit_code"] == _ENDED_BY_SIGTERM else ended["exit_code"]
    admin.close()
    json.dump({"output": json.dumps({"read": sum(ends.values())}), **ended}, sys.stdout)


def _ends(bootstrap: str, topics: Sequence[str]) -> dict[TopicPartition, int]:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    partitions = [
        TopicPartition(topic, partition)
        for topic in topics
        for partition in consumer.partitions_for_topic(topic)
    ]
    ends: dict[TopicPartition, int] = consumer.end_offsets(partitions)
    consumer.close()
    return ends


def _is_done(admin: KafkaAdminClient, group: str, ends: Mapping[TopicPartition, int]) -> bool:
    try:
        if not any(ends.values()):
            (found,) = admin.describe_groups([group]).values()
            return bool(found["group_state"] == "Stable")
        committed = admin.list_group_offsets({group: None})[group]
    except KafkaError:  # the group is not there yet
        return False
    return all(at in committed and committed[at].offset >= end for at, end in ends.items())


def _is_running(process_id: int) -> bool:
    """Whether it has not ended; leaves it to `ended` to wait for it."""
    return os.waitid(os.P_PID, process_id, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


if __name__ == "__main__":
    main(sys.argv[1:])
