"""Where a profiler's samples are counted."""

from bench.shares import shares

LOOP = "main (sync_worker/cli/main.py:9);Worker._loop (sync_worker/pipeline/worker.py:120)"
MERGE = f"{LOOP};Merger.merge (sync_worker/pipeline/merge.py:170)"


def test_each_stack_counts_as_often_as_it_was_seen():
    decode = f"{LOOP};Applier.decode (sync_worker/pipeline/apply.py:58)"
    assert [line.split() for line in shares([f"{MERGE} 1", f"{decode} 2", f"{MERGE} 5"])] == [
        ["merging", "75.0%"],
        ["decoding", "25.0%"],
    ]


def test_what_the_guard_does_within_the_merge_is_the_guards():
    lock = f"{MERGE};lock (sync_worker/registry/guard_state.py:60);read (sync_worker/x.py:1) 1"
    decide = f"{MERGE};GuardedMerger._apply (sync_worker/pipeline/merge.py:270) 1"
    (first, second) = shares([lock, decide])
    assert {first[:23], second[:15]} == {"guard: reading its stat", "guard: deciding"}


def test_a_merge_without_the_guard_is_not_the_guards():
    stack = f"{MERGE};UnguardedMerger._change_registered (sync_worker/pipeline/merge.py:230) 1"
    (line,) = shares([stack])
    assert line.split() == ["merging", "100.0%"]


def test_what_no_one_knows_is_the_rest():
    (line,) = shares(["main (sync_worker/cli/main.py:9);exit (os.py:3) 4"])
    assert line.split() == ["the", "rest", "100.0%"]
