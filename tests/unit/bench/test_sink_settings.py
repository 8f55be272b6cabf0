"""How the Debezium sink is told what to do."""

import json
from pathlib import Path

from bench.publishing import Topics
from bench.sink import settings
from tests import builders

TOPICS = Topics("one.activation", "one.region")
URL = "postgresql://bench:secret@127.0.0.1:5433/of_the_sink"


def test_the_schema_knows_the_members_of_each_event():
    of_connect = settings.of_connect("127.0.0.1:9092", 8083, Path("offsets"))
    schema = json.loads(of_connect["value.converter.schema.content"])
    (data,) = (field for field in schema["fields"] if field["field"] == "data")
    required = {field["field"] for field in schema["fields"] if not field["optional"]}
    for event in (
        builders.activated("A", 0, sequence="1", name="n", regionCode="01"),
        builders.deactivated("A", 0, sequence="1"),
        builders.region_changed("A", 0, "01", sequence="1"),
    ):
        assert required <= event.keys()
        assert event["data"].keys() <= {field["field"] for field in data["fields"]}


def test_the_sink_upserts_both_topics_with_its_reduction_buffer():
    of_sink = settings.of_sink("bench", TOPICS, URL)
    assert of_sink["topics"] == "one.activation,one.region"
    assert of_sink["connection.url"] == "jdbc:postgresql://127.0.0.1:5433/of_the_sink"
    assert (of_sink["connection.username"], of_sink["connection.password"]) == ("bench", "secret")
    assert of_sink["insert.mode"] == "upsert"
    assert of_sink["use.reduction.buffer"] == "true"


def test_a_file_of_properties_has_a_line_for_each():
    of_sink = settings.of_sink("bench", TOPICS, URL)
    lines = settings.as_properties(of_sink).splitlines()
    assert dict(line.split("=", 1) for line in lines) == of_sink
    assert not any("\\" in line for line in lines)
