"""The settings of Kafka Connect and of the sink, and its command. Pure.

They are what makes the sink fast: it takes 10 000 records at a time, writes only the last of each
clinic's, and inserts all of them by one statement.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import make_url

from bench.publishing import Topics

_AT_A_TIME = 10_000
_OPTIONS = (
    # Those of Kafka's own script, but for its logs.
    *("-Xms256M", "-Xmx2G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"),
    *("-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent"),
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)


def _field(name: str, *, optional: bool = False) -> dict[str, object]:
    return {"field": name, "type": "string", "optional": optional}


_DATA = [_field("hsaId"), _field("name", optional=True), _field("regionCode", optional=True)]
_EVENT = [
    *map(_field, ("id", "type", "time", "sequence")),
    {"field": "data", "type": "struct", "optional": False, "fields": _DATA},
]
_SCHEMA = {"type": "struct", "optional": False, "fields": _EVENT}
"""Of an event, as far as the clinic's facts and their versions follow from it."""


def of_connect(bootstrap: str, port: int, offsets: Path) -> dict[str, str]:
    """Those of a standalone Connect; `offsets` is a file that sinks do not use."""
    return {
        "bootstrap.servers": bootstrap,
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "true",
        "value.converter.schema.content": json.dumps(_SCHEMA),
        "consumer.max.poll.records": str(_AT_A_TIME),
        # How the bench learns what was written, within this time.
        "offset.flush.interval.ms": "250",
        "offset.storage.file.filename": str(offsets),
        "listeners": f"http://127.0.0.1:{port}",
        "plugin.discovery": "service_load",
    }


def of_sink(name: str, topics: Topics, database_url: str) -> dict[str, str]:
    """Those of a sink that upserts the events of both topics into one table, `clinic`."""
    url = make_url(database_url)
    return {
        "name": name,
        "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
        "tasks.max": "1",
        "topics": ",".join(topics.names),
        "connection.url": f"jdbc:postgresql://{url.host}:{url.port}/{url.database}",
        "connection.username": url.username or "",
        "connection.password": url.password or "none",
        "insert.mode": "upsert",
        "primary.key.mode": "record_key",
        "primary.key.fields": "hsa_id",
        "schema.evolution": "basic",
        "collection.name.format": "clinic",
        "use.reduction.buffer": "true",
        "batch.size": str(_AT_A_TIME),
        "dialect.postgres.unnest.insert.enabled": "true",
        "transforms": "key,flat",
        "transforms.key.type": "org.apache.kafka.connect.transforms.HoistField$Key",
        "transforms.key.field": "hsa_id",
        "transforms.flat.type": "org.apache.kafka.connect.transforms.Flatten$Value",
        "transforms.flat.delimiter": "_",
    }


def as_properties(settings: Mapping[str, str]) -> str:
    """The text of a file that has them; a backslash would have a meaning there."""
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def command(class_path: str, *files: Path) -> list[str]:
    """Connect with the settings of these files: its own, and the sink's."""
    program = "org.apache.kafka.connect.cli.ConnectStandalone"
    return ["java", *_OPTIONS, "-cp", class_path, program, *map(str, files)]
