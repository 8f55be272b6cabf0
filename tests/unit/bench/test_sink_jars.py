"""The project files that Maven reads are XML."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[3]
PROJECTS = ["bench/sink/pom.xml", "tests/services/kafka_jars/pom.xml"]


@pytest.mark.parametrize("project", PROJECTS)
def test_maven_can_read_what_it_is_to_fetch(project):
    assert ET.parse(ROOT / project).getroot().tag.endswith("project")
