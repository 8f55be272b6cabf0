"""A broker that looks at rights, and somebody who logs in with just those that a test gives."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.builders import activated, numbered, region_changed, write_archive
from tests.harness.command import CommandLine
from tests.real.rights.guarded import GuardedBroker, Person
from tests.services.broker import Broker, NativeBroker


@pytest.fixture(scope="session")
def guarded(broker: Broker) -> Iterator[GuardedBroker]:
    """Topics that keep every record, two that do not, and two without any.

    Nobody may do anything with them.
    """
    if not isinstance(broker, NativeBroker):
        pytest.skip("wants a second broker of its own")
    with GuardedBroker() as made:
        made.fill(["rights.activation", "rights.region"], **{"retention.ms": "-1"})
        made.fill(["short.activation", "short.region"], **{"retention.ms": "86400000"})
        made.create(["empty.activation", "empty.region"])
        yield made


@pytest.fixture
def newcomer(
    guarded: GuardedBroker,
    folder: Path,
    upgraded: Path,
    monkeypatch: pytest.MonkeyPatch,
    sync_worker: CommandLine,
) -> Callable[..., Person]:
    """Makes somebody with the given rights, in a folder with an empty registry and an archive."""
    folder.joinpath("registry.db").write_bytes(upgraded.read_bytes())
    hsa_id = "SE2321000016-T001"
    records = [
        *numbered([activated(hsa_id, 1, regionCode="01")], topic="rights.activation"),
        *numbered([region_changed(hsa_id, 2, "03")], topic="rights.region"),
    ]
    write_archive(folder / "stream.jsonl", records)
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", f"sqlite:///{folder}/registry.db")
    monkeypatch.setenv("SYNC_WORKER_HTTP_PORT", "0")
    return lambda rights, topics="rights": guarded.person(rights, topics, sync_worker)
