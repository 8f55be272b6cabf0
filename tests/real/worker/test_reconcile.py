"""`reconcile` beside a loaded worker: no false alarm, and everything planted is found."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.builders import activated
from tests.real.worker.stage import Stage
from tests.real.worker.streams import anything

_RUNS = 12


@contextmanager
def loaded(stage: Stage) -> Iterator[None]:
    """Events come all the time while the body runs."""
    is_done = threading.Event()

    def send() -> None:
        seed = 0
        while not is_done.wait(0.05):
            seed += 1
            stage.send_events(anything(seed, 60))

    sending = threading.Thread(target=send, daemon=True)
    sending.start()
    try:
        yield
    finally:
        is_done.set()
        sending.join(30)


def reconciled(stage: Stage, *arguments: str) -> tuple[int, dict[tuple[str, str], str]]:
    done = stage("reconcile", "--against", "topics", *arguments)
    items = done.json["items"] if done.stdout else []
    return done.exit_code, {(item["hsa_id"], item["fact"]): item["cause"] for item in items}


def test_events_arriving_during_a_reconcile_are_not_drift(opened):
    worker = opened.caught_up()
    read = opened.read()
    with loaded(opened):
        for _ in range(_RUNS):
            assert reconciled(opened) == (0, {})
    assert opened.read() > read
    assert worker.stop() == 0


def test_what_is_planted_under_load_is_found_and_mended(opened):
    gone, edited = "SE2321000016-K900", "SE2321000016-K901"
    opened.send_events([activated(hsa_id, 1, regionCode="01") for hsa_id in (gone, edited)])
    opened.caught_up()
    generation = opened.generation()
    with loaded(opened):
        opened.execute("DELETE FROM clinic WHERE hsa_id = %s", gone)
        opened.execute("UPDATE clinic SET region_code = '12' WHERE hsa_id = %s", edited)
        planted = {
            (gone, "activation"): "missing",
            (gone, "region"): "missing",
            (edited, "region"): "edited",
        }
        assert reconciled(opened) == (3, planted)
        assert reconciled(opened, "--apply", "--yes", "--actor", "berit") == (0, planted)
        assert reconciled(opened) == (0, {})
    assert opened.generation() == generation


def test_a_backup_restored_under_newer_positions_is_found(opened):
    opened.settings["GUARD_MAX_CHANGES"] = "1000"
    opened.finish()
    older = opened.query("SELECT * FROM clinic ORDER BY hsa_id")
    opened.send_events(anything(7, 200))
    opened.finish()
    newer = opened.contents().rows
    opened.execute("DELETE FROM clinic")
    for row in older:
        names = ", ".join(row)
        values = ", ".join(["%s"] * len(row))
        opened.execute(f"INSERT INTO clinic ({names}) VALUES ({values})", *row.values())
    exit_code, found = reconciled(opened)
    assert exit_code == 3
    assert set(found.values()) == {"stale"}
    assert reconciled(opened, "--apply", "--yes")[0] == 0
    assert reconciled(opened) == (0, {})
    assert opened.contents().rows == newer
