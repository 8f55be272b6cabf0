"""`make sbom` says what the wheel and the image consist of, in a form that others can read."""

import json
import re
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from tests.harness.tools import load_tool

from sync_worker import __version__

ROOT = Path(__file__).parents[2]
LOCKED = dict(
    re.findall(r"^([a-z0-9-]+)==([^\s;]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
)
ELSEWHERE = {"httpx2-jsfetch"}
"""For another platform than Linux."""


@pytest.fixture(scope="module")
def documents():
    """What is written of each, by its name."""
    tool = load_tool("sbom")
    return {"wheel": tool.wheel(), "image": tool.image()}


@pytest.fixture(params=["wheel", "image"])
def document(request, documents):
    return documents[request.param]


def test_it_follows_the_schema_of_cyclonedx(document):
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)) is None


def test_every_package_that_is_locked_is_in_it(document):
    libraries = {c["name"]: c["version"] for c in document["components"] if c["type"] == "library"}
    assert libraries == {name: at for name, at in LOCKED.items() if name not in ELSEWHERE}


def test_every_library_has_a_licence_and_an_address(document):
    for component in document["components"]:
        if component["type"] == "library":
            assert component["licenses"], component["name"]
            assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}"


def test_it_is_of_the_program_at_its_version(documents):
    about = documents["wheel"]["metadata"]["component"]
    assert (about["name"], about["version"]) == ("sync-worker", __version__)
    assert {"expression": "Apache-2.0"} in about["licenses"]
    assert documents["image"]["metadata"]["component"]["version"] == __version__


def test_whoever_needs_whom_is_in_it(document):
    components = [*document["components"], document["metadata"]["component"]]
    references = {component["bom-ref"] for component in components}
    needs = {each["ref"]: each["dependsOn"] for each in document["dependencies"]}
    assert {ref for refs in needs.values() for ref in refs} | needs.keys() == references
    (program,) = (refs for ref, refs in needs.items() if "/sync-worker@" in ref)
    assert f"pkg:pypi/kafka-python@{LOCKED['kafka-python']}" in program


def test_the_base_image_is_said_to_be_unknown_inside(documents):
    base = re.search(r"^FROM python:([^\s@]+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert base
    reference = f"pkg:docker/python@{base[1]}"
    assert documents["image"]["compositions"] == [
        {"aggregate": "incomplete", "assemblies": [reference]}
    ]
    assert reference in {component["bom-ref"] for component in documents["image"]["components"]}
