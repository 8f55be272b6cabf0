"""Jars that are fetched once with Maven and kept, as those of a Kafka broker."""

import os
import shutil
from pathlib import Path

from tests.services import processes

_POM = Path(__file__).parent / "kafka_jars" / "pom.xml"
BUILD = Path(__file__).parents[2] / "build"


class NoJars(Exception):
    """This machine cannot run what they are of; the message says what is missing."""


def class_path() -> str:
    """What `java -cp` wants for a broker; fetched where it is not there yet.

    TEST_SYNC_WORKER_KAFKA_JARS names a folder that has them already.
    """
    given = os.environ.get("TEST_SYNC_WORKER_KAFKA_JARS")
    return of_dependencies(_POM, Path(given) if given else BUILD / "kafka-jars")


def of_dependencies(pom: Path, folder: Path) -> str:
    """What `java -cp` wants for all that a POM depends on, kept in a folder."""
    if shutil.which("java") is None:
        raise NoJars("no java on this machine")
    if not any(folder.glob("*.jar")):
        _fetch(folder, pom)
    return f"{folder}/*"


def _fetch(folder: Path, pom: Path) -> None:
    """Into a folder beside it first: one that is there is whole."""
    maven = shutil.which("mvn")
    if maven is None:
        raise NoJars(f"no mvn on this machine to fetch {folder.name} with")
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
    goal = "dependency:copy-dependencies"
    try:
        processes.run(
            [maven, "-q", "-B", "-f", pom, goal, f"-DoutputDirectory={unfinished}"],
            timeout_seconds=600,
        )
    except RuntimeError as error:
        raise NoJars(str(error)) from error
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        shutil.rmtree(unfinished)
    else:
        unfinished.rename(folder)
