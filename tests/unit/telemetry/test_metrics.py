"""What the worker reports, as metrics: whatever it is, labels have but the catalogue's values."""

import math
import time
from collections import Counter

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families as families
from sqlalchemy.exc import OperationalError
from tests.builders import record

from sync_worker.events.decode_result import Reason, Rejection
from sync_worker.events.models import MODELS
from sync_worker.events.record import Partition
from sync_worker.pipeline.listener import (
    AheadOfClock,
    DeadLettered,
    MassChangeHeld,
    MovedWithoutBoard,
    NameDropped,
    PatientBoardNamed,
    SetBack,
    TransactionCommitted,
    UnknownType,
)
from sync_worker.pipeline.phases import Phase
from sync_worker.registry.positions import Counts
from sync_worker.streams.protocol import StreamRefused, StreamUnavailable
from sync_worker.telemetry.age_histogram import AgeHistogram
from sync_worker.telemetry.catalogue import CATALOGUE
from sync_worker.telemetry.catalogue.metric import Bounded, Kind
from sync_worker.telemetry.health import Health
from sync_worker.telemetry.listener import TelemetryListener
from sync_worker.telemetry.metrics import Metrics

TOPICS = ("activation", "region")
FROM_OUTSIDE = "SE2321000016-TEST"
PARTITIONS = [Partition(topic, number) for topic in TOPICS for number in range(3)]

texts = st.text(max_size=8).map(lambda text: f"{FROM_OUTSIDE}{text}") | st.sampled_from(
    [f" {name.upper()} " for name in MODELS]
)
topics = st.sampled_from(TOPICS)
numbers = st.integers(0, 2**40)
warnings = st.one_of(
    st.builds(MovedWithoutBoard, texts, texts),
    st.builds(PatientBoardNamed, texts, texts),
    st.builds(NameDropped, texts, texts),
    st.builds(AheadOfClock, texts, texts, numbers, topics, numbers, numbers),
    st.builds(
        DeadLettered,
        texts.map(lambda text: record(text.encode(), key=text)),
        st.builds(Rejection, st.sampled_from(Reason), texts),
    ),
    st.builds(MassChangeHeld, numbers, texts, numbers, numbers),
    st.builds(UnknownType, topics, texts, st.integers(1, 100)),
)
counts = st.builds(Counts, *[st.integers(0, 10**6)] * 4)
transactions = st.builds(
    TransactionCommitted,
    st.dictionaries(st.sampled_from(PARTITIONS), counts),
    st.dictionaries(st.sampled_from(PARTITIONS), numbers),
    numbers,
    st.lists(warnings, max_size=30),
    st.lists(st.integers(-(2**63), 2**63 - 1)),
    st.dictionaries(st.sampled_from(Phase), st.floats(0, 1e6)),
)
errors = st.one_of(
    st.builds(StreamUnavailable, texts),
    st.builds(StreamRefused, texts),
    texts.map(lambda text: OperationalError(text, {}, Exception(text))),
)
reports = st.one_of(
    transactions.map(lambda committed: ("committed", committed)),
    errors.map(lambda error: ("retrying", error, 0.5)),
    numbers.map(lambda count: ("holds_open", count)),
    st.just(("outpaced",)),
    st.just(("polling",)),
    st.just(("database_answered",)),
    st.builds(SetBack, st.sampled_from(PARTITIONS), numbers, numbers, numbers).map(
        lambda position: ("positions_set_back", [position])
    ),
)


def listener_and_metrics():
    metrics = Metrics()
    log = structlog.wrap_logger(structlog.testing.CapturingLogger(), processors=[])
    return TelemetryListener(log, metrics, Health(60)), metrics


@settings(max_examples=60)
@given(st.lists(reports, max_size=20))
def test_any_reports_leave_only_label_values_of_the_catalogue(made):
    listener, metrics = listener_and_metrics()
    for name, *arguments in made:
        getattr(listener, name)(*arguments)
    text = generate_latest(metrics.registry).decode()
    assert FROM_OUTSIDE not in text
    known = {
        metric.name + suffix: metric.labels
        for metric in CATALOGUE
        for suffix in ("", "_bucket", "_sum", "_count")
    }
    for sample in (sample for family in families(text) for sample in family.samples):
        labels = {name: value for name, value in sample.labels.items() if name != "le"}
        allowed = {} if sample.name.startswith("process_") else known[sample.name]
        assert labels.keys() == allowed.keys(), sample
        for name, value in labels.items():
            assert value in values_of(allowed[name]), sample


def values_of(values):
    match values:
        case Bounded.TOPIC:
            return TOPICS
        case Bounded.PARTITION:
            return {str(partition.partition) for partition in PARTITIONS}
        case Bounded():
            return Anything()
    return values


class Anything:
    """Contains everything: for values that this process has one of."""

    def __contains__(self, _value):
        return True


def value(metrics, name, **labels):
    return metrics.registry.get_sample_value(f"sync_worker_{name}", labels)


@given(st.lists(transactions, max_size=10))
def test_transactions_add_up_to_what_they_committed(committed):
    metrics = Metrics(clock=lambda: 1_800_000_000.0)
    for transaction in committed:
        metrics.committed(transaction)
    total = sum((transaction.total for transaction in committed), Counts())
    for outcome in ("applied", "superseded", "ignored", "dead_lettered"):
        assert value(metrics, "records_total", outcome=outcome) == getattr(total, outcome)
    assert value(metrics, "batches_total") == len(committed)
    assert value(metrics, "transaction_records_sum") == total.read
    reasons = Counter(
        warning.rejection.reason
        for transaction in committed
        for warning in transaction.warnings
        if isinstance(warning, DeadLettered)
    )
    for reason in Reason:
        assert value(metrics, "dead_letters_total", reason=reason) == reasons[reason]
    for phase in Phase:
        spent = [1 for transaction in committed if phase in transaction.seconds]
        assert value(metrics, "transaction_seconds_count", phase=phase) == len(spent)


@given(
    st.lists(st.lists(st.integers(-10, 2_000_000_000_000), max_size=40), max_size=4),
    st.integers(0, 2_000_000_000_000),
)
def test_ages_are_counted_as_the_library_counts_one_by_one(batches, now_ms):
    bounds = (0.005, 1.0, 60.0, 86_400.0, 1e9)
    registry, ours = CollectorRegistry(), CollectorRegistry()
    library = Histogram("age_seconds", "d", buckets=bounds, registry=registry)
    ages = AgeHistogram("age_seconds", "d", unit="seconds", buckets=bounds, registry=ours)
    for batch in batches:
        ages.observe(batch, now_ms)
        for timestamp_ms in batch:
            if timestamp_ms >= 0:
                library.observe(max(0, now_ms - timestamp_ms) / 1000)
    expected, found = samples_in(registry), samples_in(ours)
    assert found.pop("age_seconds_sum") == pytest.approx(expected.pop("age_seconds_sum"))
    assert found == expected


def samples_in(registry):
    return {
        sample.name + sample.labels.get("le", ""): sample.value
        for family in registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (StreamUnavailable("no broker answers"), "kafka_unavailable"),
        (StreamRefused("wrong password"), "kafka_refused"),
        (OperationalError("s", {}, Exception("the server is starting")), "database_unavailable"),
    ],
)
def test_a_retry_is_counted_with_its_cause(error, cause):
    listener, metrics = listener_and_metrics()
    listener.retrying(error, 1.0)
    assert value(metrics, "retries_total", cause=cause) == 1
    assert value(metrics, "waits_total") == 1


def test_a_position_is_shown_of_assigned_partitions_alone():
    metrics = Metrics()
    ours, theirs = PARTITIONS[:2]
    metrics.assigned = {ours}
    metrics.committed(TransactionCommitted({}, {ours: 7, theirs: 9}, 0, ()))
    assert value(metrics, "position", topic=ours.topic, partition="0") == 7
    assert value(metrics, "position", topic=theirs.topic, partition="1") is None


def test_the_series_of_known_topics_are_there_from_the_start():
    metrics = Metrics(TOPICS)
    for topic in TOPICS:
        for looks_like in (*MODELS, "other"):
            assert value(metrics, "unknown_types_total", topic=topic, looks_like=looks_like) == 0


def test_the_last_commit_is_unknown_before_the_first():
    metrics = Metrics()
    assert math.isnan(value(metrics, "last_commit_timestamp_seconds"))
    metrics.committed(TransactionCommitted({}, {}, 0, ()))
    assert abs(value(metrics, "last_commit_timestamp_seconds") - time.time()) < 60


def test_a_metric_is_asked_for_as_what_it_is():
    series = Metrics().series
    for metric in CATALOGUE:
        if metric.kind is not Kind.COUNTER:
            with pytest.raises(TypeError, match=metric.name):
                series.counter(metric)
