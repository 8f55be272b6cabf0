"""Records that unpack to more than anybody should hold in memory, through every command."""

import json
import os
from hashlib import sha256

import pytest
from kafka import KafkaProducer
from kafka.admin import ConfigResource

from sync_worker.events.record import EXCERPT_BYTES
from tests.builders import activated
from tests.harness.command import INSTALLED
from tests.services.memory import measured

A, B = "SE2321000016-S001", "SE2321000016-S002"
MEBIBYTE = 2**20
BOMB = b" " * (120 * MEBIBYTE)
BOUND = 300
"""MiB for a command, half of which is Python with its libraries."""


def send_packed(stage, contents, decoder):
    """Send keys and values, each packed by itself, to the first activation partition."""
    producer = KafkaProducer(
        bootstrap_servers=stage.bootstrap,
        compression_type=decoder,
        max_request_size=2**31 - 1,
        batch_size=0,
    )
    for key, value in contents:
        producer.send(stage.activation, key=key, value=value, partition=0).get(60)
    producer.close()


def taken(stage, *arguments, **settings):
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("SYNC_WORKER_")}
    environment = inherited | stage.environment(**settings)
    return measured([INSTALLED, "-o", "json", *arguments], environment)


def event(hsa_id, minutes):
    value = activated(hsa_id, minutes, regionCode="01")
    return hsa_id.encode(), json.dumps(value).encode()


@pytest.fixture
def poisoned(stage):
    """A record of 120 MiB of each compression, between two good ones."""
    with stage.admin() as client:
        topic = ConfigResource("TOPIC", stage.activation, {"max.message.bytes": str(2**24)})
        client.alter_configs([topic])
    send_packed(stage, [event(A, 1)], None)
    for decoder in ("gzip", "zstd", "lz4", "snappy"):
        send_packed(stage, [(A.encode(), BOMB)], decoder)
    send_packed(stage, [event(B, 2)], None)
    return stage


def test_a_poison_pill_is_dead_lettered_within_bounded_memory(poisoned):
    done = taken(poisoned, "run", "--until-idle", "0")
    assert done.exit_code == 0, done.stderr
    assert done.megabytes < BOUND
    counts = json.loads(done.stdout)
    assert (counts["read"], counts["applied"], counts["dead_lettered"]) == (6, 2, 4)
    shown = json.loads(taken(poisoned, "deadletters", "show", "1").stdout)
    assert (shown["reason"], shown["value_size"]) == ("invalid_event", len(BOMB))
    assert (shown["value"], shown["value_is_excerpt"]) == (" " * EXCERPT_BYTES, True)
    assert shown["value_sha256"] == sha256(BOMB).hexdigest()
    assert shown["value_sha256"] in shown["detail"]


def test_a_batch_of_the_largest_records_is_read_in_parts(stage):
    """A poll of the client would give all of them at once."""
    content = b"[" + b"[]," * (5 * MEBIBYTE - 10) + b"[]]"
    producer = KafkaProducer(
        bootstrap_servers=stage.bootstrap,
        compression_type="gzip",
        max_request_size=2**31 - 1,
        batch_size=2**29,
        linger_ms=60_000,
    )
    for _ in range(10):
        producer.send(stage.activation, key=A.encode(), value=content, partition=0)
    producer.flush(timeout=60)
    producer.close()
    done = taken(stage, "run", "--until-idle", "0")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["dead_lettered"] == 10
    assert done.megabytes < BOUND + 100


def test_no_command_takes_more_memory_for_a_poison_pill(poisoned):
    taken(poisoned, "run", "--until-idle", "0")
    for command in (
        ("replay", "--dry-run"),
        ("replay", "-y"),
        ("reconcile", "--against", "topics"),
        ("events", "export", "--out", str(poisoned.folder / "stream.jsonl")),
        ("reconcile", "--against", f"archive:{poisoned.folder / 'stream.jsonl'}"),
        ("events", "validate", str(poisoned.folder / "stream.jsonl")),
        ("deadletters", "redrive", "--all", "-y"),
        ("deadletters", "list"),
    ):
        done = taken(poisoned, *command)
        assert done.exit_code in (0, 3), done.stderr
        assert done.megabytes < BOUND, command
        assert ("only the beginning" in done.stderr) == (command[1] in ("export", "redrive"))
    published = taken(poisoned, "events", "publish", str(poisoned.folder / "stream.jsonl"), "-y")
    assert (published.exit_code, "is not whole" in published.stderr) == (4, True)
