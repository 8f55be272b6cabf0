"""The jars of a Kafka broker, fetched once with Maven and kept."""

import os
import shutil
from pathlib import Path

from tests.services import processes

_POM = Path(__file__).parent / "kafka_jars" / "pom.xml"
_ROOT = Path(__file__).parents[2]


class NoJars(Exception):
    """This machine cannot run a broker; the message says what is missing."""


def class_path() -> str:
    """What `java -cp` wants; fetched where it is not there yet.

    TEST_SYNC_WORKER_KAFKA_JARS names a folder that has them already.
    """
    given = os.environ.get("TEST_SYNC_WORKER_KAFKA_JARS")
    folder = Path(given) if given else _ROOT / "build" / "kafka-jars"
    if shutil.which("java") is None:
        raise NoJars("no java on this machine")
    if not any(folder.glob("kafka_2.13-*.jar")):
        _fetch(folder)
    return f"{folder}/*"


def _fetch(folder: Path) -> None:
    """Into a folder beside it first: one that is there is whole."""
    maven = shutil.which("mvn")
    if maven is None:
        raise NoJars("no mvn on this machine to fetch the broker with")
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
    goal = "dependency:copy-dependencies"
    try:
        processes.run(
            [maven, "-q", "-B", "-f", _POM, goal, f"-DoutputDirectory={unfinished}"],
            timeout_seconds=600,
        )
    except RuntimeError as error:
        raise NoJars(str(error)) from error
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        shutil.rmtree(unfinished)
    else:
        unfinished.rename(folder)
