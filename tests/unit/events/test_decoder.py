"""What an event in structured mode states, and what is overlooked in it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.builders import Event as Document
from tests.builders import activated, deactivated, region_changed
from tests.worlds.decoding import CLINIC, decode

from sync_worker.domain.facts import Facts, Register, Value
from sync_worker.events.decode_result import Event

TIME = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)


def with_data(data: Any, **more: Any) -> Document:
    return {**activated(CLINIC, 5, **more), "data": data}


def stated(value: Value, sequence: str = "") -> Register[Value]:
    return Register(TIME, sequence, "e-1", value)


@pytest.mark.parametrize(
    ("described", "facts"),
    [
        pytest.param(activated(CLINIC, 5, id="e-1"), Facts(stated(True)), id="active"),
        pytest.param(
            activated(CLINIC, 5, id="e-1", sequence="7", regionCode="01", name="Exempel"),
            Facts(stated(True, "7"), stated("01", "7"), stated("Exempel", "7")),
            id="active with region and name",
        ),
        pytest.param(
            deactivated(CLINIC, 5, id="e-1", name="Exempel"),
            Facts(stated(False), None, stated("Exempel")),
            id="not active",
        ),
        pytest.param(
            deactivated(CLINIC, 5, id="e-1", regionCode="99"),
            Facts(stated(False)),
            id="not active, and its region is none of its business",
        ),
        pytest.param(
            region_changed(CLINIC, 5, "03", id="e-1"), Facts(region=stated("03")), id="moved"
        ),
        pytest.param(
            region_changed(CLINIC, 5, "03", id="e-1", name="Exempel"),
            Facts(None, stated("03"), stated("Exempel")),
            id="moved, with a name",
        ),
    ],
)
def test_an_event_states_its_facts_each_with_the_events_version(described, facts):
    event = decode(described)

    assert (event.hsa_id, event.event_id, event.time) == (CLINIC, "e-1", TIME)
    assert event.facts == facts


def test_any_type_of_event_is_understood_on_any_topic():
    assert isinstance(decode(activated(CLINIC, 5), topic="elsewhere"), Event)


def test_id_sequence_and_name_are_kept_as_they_stand():
    facts = decode(activated(CLINIC, 5, id=" i ", sequence=" s ", name=" n ")).facts

    assert facts.name == Register(TIME, " s ", " i ", " n ")


@pytest.mark.parametrize("nothing", [None, "", " ", "\t\r\n", "\u00a0\ufeff\u2003"])
def test_a_null_or_blank_optional_field_counts_as_absent(nothing):
    described = {**activated(CLINIC, 5, id="e-1"), "subject": nothing, "sequence": nothing}
    described["data"] |= {"regionCode": nothing, "name": nothing}

    assert decode(described) == Event(CLINIC, "e-1", TIME, "", active=True)


def test_overlong_blanks_are_an_absent_sequence_too():
    assert decode(activated(CLINIC, 5, sequence=" " * 65)).facts.activation.sequence == ""


def test_other_attributes_and_fields_are_ignored_whatever_they_hold():
    described = with_data({"hsaId": CLINIC, "note": "\0", "more": [1, {"deep": None}]}, id="e-1")
    ignored = {"traceparent": "\0", "ignored": 1e400, "data_base64": 7, "x": 10**400}
    lone = json.dumps({**described, **ignored, "lone": "\ud800"}).replace("Infinity", "1e400")

    assert decode(lone.encode(), key=None) == Event(CLINIC, "e-1", TIME, "", active=True)


@pytest.mark.parametrize("name", ["x" * 201, " " * 201, "\0" + "x" * 200, "\U0001f3e5" * 201])
def test_a_name_of_over_200_characters_is_dropped_alone(name):
    expected = Event(CLINIC, "e-1", TIME, "", active=True, name_dropped=True)

    assert decode(activated(CLINIC, 5, id="e-1", name=name)) == expected


def test_an_overlong_name_with_half_a_surrogate_is_dropped_too():
    described = json.dumps(activated(CLINIC, 5, name="\ud800" * 201)).encode()

    assert decode(described, key=None).name_dropped


def test_a_name_of_200_characters_is_kept():
    kept = decode(activated(CLINIC, 5, name="\U0001f3e5" * 200))

    assert (kept.facts.name.value, kept.name_dropped) == ("\U0001f3e5" * 200, False)


@pytest.mark.parametrize(
    "written",
    [
        f" {CLINIC}\u00a0",
        CLINIC.lower(),
        f"\ufeff{CLINIC}",
        f"\r\n{CLINIC.title()}\t",
    ],
)
def test_an_hsa_id_is_compared_and_kept_normalised(written):
    described = activated(CLINIC, 5, id="e-1", subject=written, hsaId=written)

    assert decode(described, key=written) == Event(CLINIC, "e-1", TIME, "", active=True)


@pytest.mark.parametrize("hsa_id", ["X", "é" * 64, "\U0001f3e5" * 64, "klinik/7"])
def test_a_clinic_is_named_by_1_to_64_characters(hsa_id):
    assert decode(activated(hsa_id, 5)).hsa_id == hsa_id.upper().replace("É", "é")
