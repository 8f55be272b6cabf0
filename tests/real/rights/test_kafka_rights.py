"""Each command works with the rights in Kafka that docs/deploying.md says, and with no less."""

from collections.abc import Callable
from contextlib import closing

import pytest

from sync_worker.streams.kafka.source import KafkaSource
from tests.harness.command import Done
from tests.real.rights.guarded import GuardedBroker, Person
from tests.real.rights.table import Right, rows
from tests.services.waiting import until

pytestmark = pytest.mark.real

ROWS = rows()
LINES = {
    "run": "run --until-idle 0",
    "status": "status -o json",
    "positions list": "positions list -o json",
    "positions reset": "positions reset --to earliest --yes",
    "replay": "replay --yes",
    "reconcile": "reconcile --against topics",
    "doctor": "doctor -o json",
    "events export": "events export --out exported.jsonl",
    "events publish": "events publish stream.jsonl --yes",
    "topics create": "topics create --partitions 1 --replication-factor 1",
}
ENDS_WITH = {"reconcile": 3, "doctor": 3}
"""The registry is empty, and no worker runs."""
SECONDS = 20.0
"""More than any refusal takes on a busy machine; the client alone would try for a minute."""

Newcomer = Callable[..., Person]

MISSING = [(command, right) for command, row in ROWS.items() for right in row.needed]
TELLING = [(command, what) for command, row in ROWS.items() for what in row.telling]
TELLS: dict[tuple[str, str], Callable[[Done], bool]] = {
    ("status", "`end` and `lag`"): lambda done: done.json["lag"] is not None,
    ("status", "`lag_seconds`"): lambda done: done.json["lag_seconds"] is not None,
    ("positions list", "`end` and `lag`"): lambda done: done.items[0]["lag"] is not None,
    ("positions list", "`lag_seconds`"): lambda done: done.items[0]["lag_seconds"] is not None,
    ("topics create", "whether existing ones keep every record"): lambda done: (
        "is there with retention.ms" in done.stderr
    ),
    ("doctor", "`topic_configuration`"): lambda done: finding(done, "topic_configuration") == "ok",
    ("doctor", "how old the oldest record is that waits"): lambda done: (
        "the oldest for" in done.stdout
    ),
}
"""Whether a command tells what it does with a right that it can do without."""


def finding(done: Done, check: str) -> str:
    """How the doctor found what one of its checks looks at."""
    (status,) = (item["status"] for item in done.items if item["id"] == check)
    return str(status)


def topics_of(command: str) -> str:
    """The topics to work with: none that exist where they are to be created."""
    return "{name}" if command == "topics create" else "rights"


def test_the_table_is_of_the_commands_that_are_tried():
    assert set(ROWS) == set(LINES)


@pytest.mark.parametrize("command", LINES)
def test_a_command_works_with_what_its_row_says(newcomer: Newcomer, command: str) -> None:
    done, _ = newcomer(ROWS[command].needed, topics_of(command))(LINES[command])
    assert done.exit_code == ENDS_WITH.get(command, 0), done.stderr
    if ROWS[command].needed:  # else it tells what it can, and why that is not more
        assert "Kafka refuses" not in done.stdout + done.stderr


@pytest.mark.parametrize(("command", "right"), MISSING, ids=str)
def test_a_command_names_the_right_that_it_lacks(
    newcomer: Newcomer, command: str, right: Right
) -> None:
    rights = [needed for needed in ROWS[command].needed if needed != right]
    person = newcomer(rights, topics_of(command))
    done, seconds = person(LINES[command])
    assert done.exit_code in {2, 3, 4}, done.stderr
    named = f"the user {person.name} lacks the right {right.operation} on the {right.kind} "
    assert named + person.resource(right) in done.stdout + done.stderr
    assert seconds < SECONDS


def test_a_run_names_what_it_lacks_without_a_record(newcomer: Newcomer) -> None:
    rights = [Right("DESCRIBE", "topic", "activation"), Right("READ", "topic", "region")]
    person = newcomer([*rights, Right("READ", "group")], "empty")
    done, _ = person(LINES["run"])
    assert done.exit_code == 2, done.stderr
    assert f"{person.name} lacks the right READ on the topic empty.activation." in done.stderr


def test_a_worker_names_a_right_that_is_taken_away(
    newcomer: Newcomer, guarded: GuardedBroker
) -> None:
    person = newcomer(ROWS["run"].needed)
    with closing(KafkaSource(person.kafka)) as source:
        guarded.take_away_rights(person)
        refusal = until(lambda: source.health.refusal, "the refusal to be told")
    assert f"the user {person.name} lacks the right" in str(refusal)


@pytest.mark.parametrize(("command", "what"), TELLING)
def test_a_command_tells_more_with_a_further_right(
    newcomer: Newcomer, command: str, what: str
) -> None:
    topics = "short" if command == "topics create" else "rights"
    assert newcomer(ROWS["positions reset"].needed)(LINES["positions reset"])[0].exit_code == 0
    row = ROWS[command]
    earlier = list(row.telling)[: list(row.telling).index(what)]
    rights = [*row.needed, *(right for each in earlier for right in row.telling[each])]
    for given, is_told in ((rights, False), ([*rights, *row.telling[what]], True)):
        done, _ = newcomer(given, topics)(LINES[command])
        assert done.exit_code == ENDS_WITH.get(command, 0), done.stderr
        assert TELLS[command, what](done) is is_told, done.stdout + done.stderr
