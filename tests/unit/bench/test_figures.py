"""What a bench makes of its runs: rates, ratios, goals."""

from math import inf

from bench.figures import Comparison, Series, comparisons, missed, table
from bench.running import Run


def run(wall_seconds, *, read=1000, cpu_seconds=1.0, peak_megabytes=100.0, **services):
    return Run(read, wall_seconds, cpu_seconds, peak_megabytes, services)


def series(*wall_seconds, name="it", start=1.0, **more):
    starts = [run(start, read=0, cpu_seconds=0.5)]
    return Series(name, [run(seconds, **more) for seconds in wall_seconds], starts)


def test_a_rate_without_the_start_leaves_out_its_time():
    assert series(5.0).whole == [200.0]
    assert series(5.0).net == [250.0]


def test_cpu_without_the_start_leaves_out_that_too():
    assert series(5.0, cpu_seconds=2.5).by_cpu == [500.0]


def test_the_start_is_the_median_of_several():
    starts = [run(seconds, read=0) for seconds in (9.0, 1.0, 2.0)]
    assert Series("it", [run(4.0)], starts).net == [500.0]


def test_a_run_as_short_as_a_start_is_infinitely_fast():
    assert series(1.0).net == [inf]


def test_ratios_compare_what_ran_in_the_same_round():
    compared = Comparison(series(3.0, 11.0, 5.0), series(5.0, 21.0, 4.5))
    assert compared.net == (0.875, 2.0, 2.0)


def test_a_goal_counts_for_the_lower_of_both_medians():
    slow_start = series(3.0, start=2.0)
    other = series(3.0, start=1.0)
    assert not Comparison(slow_start, other, goal=1.0).is_missed
    assert Comparison(other, slow_start, goal=1.0).is_missed


def test_without_a_goal_nothing_is_missed():
    assert not Comparison(series(90.0), series(3.0)).is_missed


def test_a_missed_goal_is_named_with_its_ratios():
    compared = Comparison(series(5.0, name="we"), series(3.0, name="they"), goal=0.8)
    (line,) = missed([], [compared])
    assert line.split()[:3] == ["we", "/", "they"]
    ratios = "0.60 0.60 0.60 0.50 0.50 0.50 1.00 1.00 1.00 0.80 MISSED"
    assert " ".join(line.split()[3:]) == ratios
    assert line in comparisons([compared])


def test_memory_counts_where_there_is_a_limit():
    too_large = [run(3.0, peak_megabytes=peak) for peak in (100.0, 200.0)]
    ours = Series("we", too_large, [run(1.0)], most_megabytes=200.0)
    theirs = Series("they", too_large, [run(1.0)])
    assert list(missed([ours, theirs], [])) == ["we: 200 MB, goal under 200"]


def test_each_run_has_a_line_with_its_services():
    shown = list(table([series(5.0, 9.0, java=1.25, postgres=0.5)]))
    assert len(shown) == 3
    assert shown[1].endswith("100  java 1.2, postgres 0.5")
