"""In which order a bench measures."""

from itertools import pairwise

from bench import rounds
from bench.rounds import Case, Start
from bench.running import Run


def measured(number, *names):
    order = []

    def program(name):
        def run():
            order.append(name)
            return Run(len(order), 1.0, 1.0, 1.0)

        return run

    start = Start("start", program("start"))
    found = rounds.measured([Case(name, program(name), start) for name in names], number)
    return order, found


def test_each_round_runs_every_case_and_start_once():
    order, _ = measured(4, "a", "b", "c")
    for first in range(0, 16, 4):
        assert sorted(order[first : first + 4]) == ["a", "b", "c", "start"]


def test_rounds_begin_with_different_cases():
    order, _ = measured(3, "a", "b")
    assert order[0] != order[3]
    assert order[0] != order[6]


def test_what_follows_what_changes_from_round_to_round():
    order, _ = measured(2, "a", "b", "c")
    assert not set(pairwise(order[:4])) & set(pairwise(order[4:]))


def test_a_series_has_its_runs_in_order_of_the_rounds():
    order, (a, b) = measured(3, "a", "b")
    assert [order[run.read - 1] for run in a.runs] == ["a"] * 3
    assert [run.read for run in b.runs] == [n for n, name in enumerate(order, 1) if name == "b"]
    assert [order[run.read - 1] for run in a.starts] == ["start"] * 3
