"""Measuring a process from its start to its exit."""

import json
import os
import sys

import pytest
from bench import measured, processors
from bench.running import Runner

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="measures on Linux alone"
)
SAYING = [sys.executable, "-c", "print('{\"read\": 7}')"]
PROCESSORS = "import os, json; print(json.dumps({'read': len(os.sched_getaffinity(0))}))"


def test_what_a_command_printed_is_what_it_read(tmp_path):
    run = Runner(tmp_path).measured(SAYING, os.environ)
    assert run.read == 7
    assert run.wall_seconds > 0
    assert run.cpu_seconds > 0
    assert run.peak_megabytes > 1


def test_what_several_at_once_read_is_added_up(tmp_path):
    assert Runner(tmp_path).measured(SAYING, os.environ, times=2).read == 14


def test_on_one_processor_a_command_has_only_that(tmp_path):
    command = [sys.executable, "-c", PROCESSORS]
    assert Runner(tmp_path).measured(command, os.environ, on_one_processor=True).read == 1


def test_who_starts_it_keeps_all_processors(capfd):
    before = os.sched_getaffinity(0)
    processor = str(max(before))
    measured.main(["--on", processor, sys.executable, "-c", PROCESSORS])
    assert json.loads(capfd.readouterr().out)["output"] == '{"read": 1}\n'
    assert os.sched_getaffinity(0) == before


def test_a_command_that_fails_is_shown_with_what_it_said(tmp_path):
    command = [sys.executable, "-c", "import sys; sys.exit('no such topic')"]
    with pytest.raises(RuntimeError, match="ended with 1:\nno such topic"):
        Runner(tmp_path).measured(command, os.environ)


def test_cpu_of_a_service_includes_its_ended_sessions():
    ticks = os.sysconf("SC_CLK_TCK")
    stat = f"7 (post) gres) S 1 7 7 0 -1 0 0 0 0 0 {ticks} {2 * ticks} {4 * ticks} {8 * ticks} 20 0"
    assert processors.seconds_of(stat) == 15


def test_a_service_that_ended_is_left_out():
    assert processors.difference({"java": 1.0, "postgres": 2.0}, {"java": 1.5}) == {"java": 0.5}
