"""A Kafka that takes connections and says nothing: told within 15 s, left alone by commands."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from kafka.protocol.api_key import ApiKey

from tests.real.kafka_proxy import KafkaProxy, self_signed
from tests.real.worker.streams import REGISTERED, anything
from tests.services.waiting import until

RED_SECONDS = 15
SOON_SECONDS = 60
"""Generous: many things run beside a test."""
AT_LAST_SECONDS = 55
UNREACHABLE = 5


@pytest.fixture
def silent(broker):
    """A way to the broker, that can be silenced."""
    with KafkaProxy(broker.bootstrap) as proxy:
        yield proxy


@pytest.fixture
def over_tls(broker, tmp_path):
    """The same, that talks to clients over TLS."""
    with KafkaProxy(broker.bootstrap, self_signed(tmp_path)) as proxy:
        yield proxy


def way(proxy):
    """The settings that lead to a proxy."""
    if proxy.certificate is None:
        return {"KAFKA_BOOTSTRAP_SERVERS": proxy.bootstrap}
    return {
        "KAFKA_BOOTSTRAP_SERVERS": proxy.bootstrap,
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_SSL_CAFILE": str(proxy.certificate),
    }


def until_red(worker, reason):
    told = until(worker.reasons, "the worker to be not ready", RED_SECONDS)
    until(lambda: reason in worker.reasons(), f"it to say: {reason}", RED_SECONDS)
    assert worker.probe("/livez")[0] == 200, told


def until_all_is_read(stage, worker):
    stage.until_read(len(stage.records()), SOON_SECONDS)
    until(lambda: not worker.reasons(), "the worker to be ready", SOON_SECONDS)
    assert worker.stop() == 0, worker.output
    assert stage.contents() == stage.expected(REGISTERED)


def ended_in_time(stage, proxy, *commands):
    """What commands end with that are typed while Kafka is silent."""

    def ended(command):
        began = time.monotonic()
        done = stage(*command, **way(proxy))
        assert time.monotonic() - began < AT_LAST_SECONDS, command
        return done

    with ThreadPoolExecutor(len(commands)) as at_once:
        return list(at_once.map(ended, commands))


@pytest.mark.faults
def test_a_silence_before_the_tls_handshake_is_reported(opened, over_tls):
    worker = opened.start(**way(over_tls))
    opened.until_ready(worker)
    over_tls.hush()
    until_red(worker, "Kafka does not answer")
    topics, replay, run, status = ended_in_time(
        opened,
        over_tls,
        ("topics", "create"),
        ("replay", "--dry-run"),
        ("run", "--until-idle", "0"),
        ("status",),
    )
    for done in (topics, replay, run):
        assert done.exit_code == UNREACHABLE, done.stderr
        assert "Handshake failed" in done.stderr
    assert status.exit_code == 0
    assert "Kafka does not answer" in status.json["attention"][0]
    over_tls.speak()
    opened.send_events(anything(seed=71, length=50))
    until_all_is_read(opened, worker)


@pytest.mark.faults
def test_a_broker_that_never_gives_a_record_is_reported(opened, silent):
    worker = opened.start(**way(silent))
    opened.until_ready(worker)
    opened.until_read(len(opened.records()))
    silent.silent.add(ApiKey.Fetch)
    opened.send_events(anything(seed=72, length=50))
    until_red(worker, "Kafka returns none")
    silent.speak()
    until_all_is_read(opened, worker)


@pytest.mark.faults
@pytest.mark.parametrize(
    ("mute", "command"),
    [
        (ApiKey.ApiVersions, ("positions", "reset", "--to", "earliest", "--yes")),
        (ApiKey.ListOffsets, ("run", "--until-idle", "0")),
        (ApiKey.Fetch, ("reconcile", "--against", "topics")),
        (ApiKey.JoinGroup, ("run", "--until-idle", "0")),
        (ApiKey.Produce, ("events", "publish", "stream.jsonl", "--yes")),
    ],
    ids=lambda value: value.name if isinstance(value, ApiKey) else value[0],
)
def test_a_silence_in_the_middle_ends_a_command(opened, silent, tmp_path, mute, command):
    archive = str(tmp_path / "stream.jsonl")
    assert opened("events", "export", "--out", archive).exit_code == 0
    silent.silent.add(mute)
    sync_worker = tuple(archive if part == "stream.jsonl" else part for part in command)
    (done,) = ended_in_time(opened, silent, sync_worker)
    assert done.exit_code == UNREACHABLE, done.stderr


def test_answers_about_topics_that_take_seconds_keep_no_record_back(opened, silent):
    worker = opened.start(**way(silent))
    opened.until_ready(worker)
    opened.until_read(len(opened.records()))
    silent.slow[ApiKey.Metadata] = 2.5
    opened.send_events(anything(seed=73, length=50))
    until_all_is_read(opened, worker)
