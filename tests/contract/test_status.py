"""The derived status of clinics, which the program and the view that others read say the same of.

And `status`, as far as it looks at registry and stream together.
"""

import itertools
import re

import pytest
from sqlalchemy import func, insert, select, table, text
from tests.worlds.registry import NOW, sentences

from sync_worker.domain.clinic_status import StatusConditions
from sync_worker.domain.regions import Regions
from sync_worker.events.record import Partition
from sync_worker.inspection.checks_kafka import KafkaChecks
from sync_worker.inspection.doctor import Check, ok, run_checks
from sync_worker.inspection.log_state import LogState, read_log_state
from sync_worker.inspection.status import status
from sync_worker.pipeline.stored_positions import of_stream
from sync_worker.registry import positions, queries, registry_counts, workers
from sync_worker.registry.queries import ClinicFilter
from sync_worker.registry.tables import clinic, own_system, patient_board
from sync_worker.streams.checks import Bounds
from sync_worker.streams.kafka.admin import ConsumerGroup, KafkaAdmin, Topic
from sync_worker.streams.protocol import StreamError, StreamUnavailable

STREAM = "kafka:one"
ID = "id-of-t"

CASES = {
    f"SE2321000016-S{number:02}": case
    for number, case in enumerate(
        itertools.product([True, False, None], ["01", "03", None], [True, False], [True, False])
    )
}


def expected(active, region_code, registered, has_own_system):
    """The contract's words, first that fits."""
    if has_own_system:
        return "own_system"
    if not registered:
        return "not_registered"
    if not active:
        return "deactivated"
    return "receiving" if region_code == "01" else "service_off"


@pytest.fixture
def every_kind_of_clinic(registry):
    with registry.transaction() as transaction:
        transaction.connection.execute(
            insert(patient_board).values(region_code="01", hsa_id="SE2321000016-PN01", name="P")
        )
        for hsa_id, (active, region_code, registered, has_own_system) in CASES.items():
            registered_at = NOW if registered else None
            transaction.connection.execute(
                insert(clinic).values(
                    hsa_id=hsa_id,
                    active=active,
                    region_code=region_code,
                    registered_at=registered_at,
                )
            )
            if has_own_system:
                transaction.connection.execute(insert(own_system).values(hsa_id=hsa_id))
        transaction.commit()


@pytest.mark.usefixtures("every_kind_of_clinic")
def test_the_list_derives_the_first_status_that_fits(registry):
    with registry.snapshot() as connection:
        listed = {
            c["hsa_id"]: c["status"] for c in queries.list_clinics(connection, ClinicFilter())
        }
    assert listed == {hsa_id: expected(*case) for hsa_id, case in CASES.items()}


@pytest.mark.usefixtures("every_kind_of_clinic")
def test_the_view_shows_the_registered_clinics_with_the_same_status(registry):
    with registry.snapshot() as connection:
        view = dict(connection.execute(text("SELECT hsa_id, status FROM complaints_clinic")).all())
    assert view == {
        hsa_id: expected(active, region_code, True, has_own_system)
        for hsa_id, (active, region_code, registered, has_own_system) in CASES.items()
        if registered
    }


@pytest.mark.parametrize("case", CASES.values())
def test_the_rule_of_the_domain_says_the_same(case):
    active, region_code, registered, has_own_system = case
    conditions = StatusConditions(
        activated=active is True,
        registered=registered,
        service_on=region_code == "01",
        no_own_system=not has_own_system,
    )
    assert conditions.status() == expected(*case)


@pytest.mark.usefixtures("every_kind_of_clinic")
def test_the_gauges_count_what_the_list_shows(registry):
    with registry.snapshot() as connection:
        counts = registry_counts.read(connection)
        statuses = [c["status"] for c in queries.list_clinics(connection, ClinicFilter())]
        registered = connection.scalar(select(func.count()).select_from(table("complaints_clinic")))
    assert counts.known == len(CASES)
    assert counts.registered == registered
    assert counts.receiving == statuses.count("receiving")
    assert counts.deactivated == statuses.count("deactivated")


def put(registry, offset, partition=0, stream=STREAM):
    with registry.transaction() as transaction:
        positions.put(transaction.connection, stream, Partition("t", partition), offset, ID)
        transaction.commit()


def told(registry, *bounds, stream=STREAM, topic_id=ID, topics=("t",)):
    """The status against a log of one topic, with these bounds of its partitions."""

    def look(known):
        of_partitions = {Partition("t", n): Bounds(*both) for n, both in enumerate(bounds)}
        ids = {"t": topic_id} if bounds else {}
        return LogState(stream, topics, ids, of_partitions, of_stream(known, stream))

    return status(registry, Regions(), look)


@pytest.fixture
def worker(registry):
    """Somebody who reads every partition of the log."""
    process = workers.Process("worker-0", "host", 7, "1.0", NOW)
    partitions = tuple(Partition("t", number) for number in range(3))
    with registry.transaction() as transaction:
        connection = transaction.connection
        condition = workers.Condition((), None, partitions)
        workers.report(connection, process, condition, workers.now(connection))
        transaction.commit()


def lags(shown):
    return [partition["lag"] for partition in shown["partitions"]]


@pytest.mark.usefixtures("worker")
def test_a_log_that_fits_needs_no_attention(registry):
    put(registry, 0)
    put(registry, 5, partition=1)
    shown = told(registry, (3, 10), (5, 5), (2, 6))
    assert shown["attention"] == []
    assert lags(shown) == [7, 0, 4]
    assert shown["lag"] == 11


@pytest.mark.parametrize(
    ("position", "words", "lag"),
    [(2, "begins at offset 3, after our position 2", 7), (11, "ends at offset 10, before", None)],
)
@pytest.mark.usefixtures("worker")
def test_each_position_outside_of_its_log_needs_attention(registry, position, words, lag):
    put(registry, position)
    put(registry, position, partition=1)
    put(registry, 4, partition=2)
    shown = told(registry, (3, 10), (3, 10), (3, 10))
    assert len(sentences(shown)) == 2
    for number, told_of in enumerate(sentences(shown)):
        assert words in told_of
        assert f"positions reset --topic t --partition {number} --to earliest" in told_of
    assert lags(shown) == [lag, lag, 6]
    assert shown["lag"] == (None if lag is None else 20)


def test_a_recreated_topic_needs_attention_and_has_no_lag(registry):
    put(registry, 2)
    put(registry, 11, partition=1)
    shown = told(registry, (3, 10), (3, 10), topic_id="another")
    (text,) = sentences(shown)
    assert "t was re-created" in text
    assert "positions reset --topic t --to earliest" in text
    assert lags(shown) == [None, None]
    assert shown["lag"] is None


@pytest.mark.usefixtures("worker")
def test_another_cluster_needs_attention(registry):
    put(registry, 7)
    (text,) = sentences(told(registry, (0, 10), stream="kafka:two"))
    assert "This is the cluster two; the registry was read from one." in text
    assert "positions reset --to earliest" in text


def test_missing_topics_need_attention_and_leave_the_lag_unknown(registry):
    put(registry, 7)
    shown = told(registry, topics=("t", "u"))
    (text,) = sentences(shown)
    assert "no topic t and no topic u" in text
    assert "sync-worker topics create" in text
    assert shown["lag"] is None


def test_a_topic_no_longer_read_says_nothing_of_the_lag(registry):
    put(registry, 7)
    shown = told(registry, topics=())
    assert shown["attention"] == []
    assert shown["lag"] == 0


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (
            StreamUnavailable("no broker"),
            "Kafka does not answer, .*: no broker. .*: sync-worker doctor",
        ),
        (StreamError("It refuses.", "Because.", "Do this."), "It refuses. Do this."),
    ],
)
def test_a_cluster_that_tells_nothing_needs_attention(registry, failure, words):
    def look(_known):
        raise failure

    put(registry, 7)
    shown = status(registry, Regions(), look)
    (text,) = sentences(shown)
    assert re.fullmatch(words, text)
    assert (shown["lag"], lags(shown)) == (None, [None])


class Moving(KafkaAdmin):
    """A cluster whose log grows, and a worker that reads it, while its ends are asked for."""

    def __init__(self, registry):
        self._registry = registry

    def cluster_id(self):
        return STREAM.removeprefix("kafka:")

    def topics(self, names):
        return {name: Topic(name, ID, (Partition(name, 0),)) for name in names}

    def written_ends(self, partitions):
        return {}

    def bounds(self, partitions):
        put(self._registry, 12)
        return {at: Bounds(0, 9) for at in partitions}


@pytest.mark.usefixtures("worker")
def test_what_a_worker_reads_meantime_is_within_the_end(registry):
    put(registry, 7)
    shown = status(
        registry, Regions(), lambda known: read_log_state(Moving(registry), known, ("t",))
    )
    assert (sentences(shown), lags(shown)) == ([], [2])


class Kept(KafkaAdmin):
    """A cluster whose one log begins at offset 1000."""

    def __init__(self):
        """Connect to nothing."""

    def cluster_id(self):
        return STREAM.removeprefix("kafka:")

    def broker_hosts(self):
        return ("broker",)

    def topics(self, names):
        return {name: Topic(name, ID, (Partition(name, 0),)) for name in names}

    def topic_config(self, name):
        return {}

    def bounds(self, partitions):
        return {at: Bounds(1000, 1500) for at in partitions}

    def written_ends(self, partitions):
        return dict.fromkeys(partitions, 1500)

    def beginning_offsets(self, partitions):
        return dict.fromkeys(partitions, 1000)

    def first_timestamps(self, partitions):
        return dict.fromkeys(partitions, 0)

    def consumer_group(self, group_id):
        return ConsumerGroup("Dead", 0, {})


@pytest.mark.parametrize(("position", "lag"), [(None, 500), (0, 500), (1000, 500), (1400, 100)])
def test_doctor_and_status_count_lag_from_where_the_log_begins(registry, position, lag):
    if position is not None:
        put(registry, position)
    shown = status(registry, Regions(), lambda known: read_log_state(Kept(), known, ("t",)))
    admin = Kept()
    checks = KafkaChecks(lambda: admin, lambda: registry, ("t",), "group").all()
    findings = run_checks([Check("revision", lambda: ok("fine")), *checks])
    assert (lags(shown), shown["lag"]) == ([lag], lag)
    assert f"{lag} offsets remain to be read" in findings["positions"].detail
