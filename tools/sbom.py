"""Write what the wheel and the image consist of, as CycloneDX: build/sbom/{wheel,image}.cdx.json.

From requirements.lock and what is installed in this environment, so nothing is asked of an index.
Of the image it is what the Dockerfile adds to its base: what that has, only the built image knows.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any, NamedTuple

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sync_worker import __version__

_ROOT = Path(__file__).parents[1]
_PROGRAM = "sync-worker"
_REQUIREMENT = re.compile(r"^[A-Za-z].*?(?= \\$|$)", re.MULTILINE)
_BASE_IMAGE = re.compile(r"^FROM (python):([^\s@]+)", re.MULTILINE)
_LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
"""What the image is, whatever this is written on."""

Document = dict[str, Any]


class Base(NamedTuple):
    """The image that ours begins with."""

    name: str
    tag: str

    @property
    def python(self) -> str:
        """The version of its interpreter."""
        return self.tag.partition("-")[0]


def wheel() -> Document:
    """The program, and everything that is installed with it on Linux."""
    program = {**_program(), "type": "application"}
    return _document(program, list(_packages()))


def image() -> Document:
    """What the image has besides its base, of which no more is known than its name."""
    base = base_image()
    purl = f"pkg:docker/{base.name}@{base.tag}"
    described = {"name": base.name, "version": base.tag, "purl": purl, "bom-ref": purl}
    container = {
        "type": "container",
        "bom-ref": f"image:{_PROGRAM}",
        "name": _PROGRAM,
        "version": __version__,
    }
    inside = [{**described, "type": "container"}, {**_program(), "type": "application"}]
    document = _document(container, [*inside, *_packages()])
    document["compositions"] = [{"aggregate": "incomplete", "assemblies": [purl]}]
    return document


def base_image() -> Base:
    """As the Dockerfile has it."""
    found = _BASE_IMAGE.search(_ROOT.joinpath("Dockerfile").read_text(encoding="utf-8"))
    if found is None:
        raise LookupError("the Dockerfile has no base image")
    return Base(*found.groups())


def locked() -> list[Requirement]:
    """What is locked for the image's platform."""
    python = base_image().python
    environment = {
        **_LINUX,
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
    }
    text = _ROOT.joinpath("requirements.lock").read_text(encoding="utf-8")
    every = map(Requirement, _REQUIREMENT.findall(text))
    return [one for one in every if one.marker is None or one.marker.evaluate(environment)]


def _packages() -> Iterator[Document]:
    for requirement in locked():
        installed = distribution(requirement.name)
        (pin,) = requirement.specifier
        if installed.version != pin.version:
            raise LookupError(f"{requirement.name} {installed.version} is installed, not {pin}")
        yield {"type": "library", **_described(installed)}


def _program() -> Document:
    return {**_described(distribution(_PROGRAM)), "version": __version__}


def _described(installed: Distribution) -> Document:
    name = canonicalize_name(installed.name)
    ref = f"pkg:pypi/{name}@{installed.version}"
    described = {"bom-ref": ref, "name": name, "version": installed.version, "purl": ref}
    licences = _licences(installed.metadata.json)
    return described | ({"licenses": licences} if licences else {})


def _licences(metadata: Mapping[str, Any]) -> list[Document]:
    """The expression that a package states; of an older one the words, if they are a few."""
    stated = metadata.get("license_expression") or metadata.get("license") or ""
    try:
        return [{"expression": canonicalize_license_expression(stated)}]
    except InvalidLicenseExpression:
        is_name = 0 < len(stated) < 60 and "\n" not in stated
    classified = [
        text.rpartition(" :: ")[2]
        for text in metadata.get("classifier", [])
        if text.startswith("License :: ") and text != "License :: OSI Approved"
    ]
    return [{"license": {"name": name}} for name in ([stated] if is_name else classified)]


def _document(subject: Document, components: list[Document]) -> Document:
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": subject},
        "components": components,
        "dependencies": _dependencies(subject, components),
    }


def _dependencies(subject: Document, components: list[Document]) -> list[Document]:
    """Who needs whom, among those that are there."""
    by_name = {each["name"]: each["bom-ref"] for each in components if each["type"] != "container"}
    needs = {
        each["bom-ref"]: [by_name[name] for name in _needed(each["name"]) if name in by_name]
        for each in (subject, *components)
        if each["type"] != "container"
    }
    if subject["type"] == "container":
        needs[subject["bom-ref"]] = [
            *(each["bom-ref"] for each in components if each["type"] != "library")
        ]
    return [{"ref": ref, "dependsOn": sorted(set(refs))} for ref, refs in sorted(needs.items())]


def _needed(name: str) -> Iterator[str]:
    """The packages that one names, for any of its own extras or for none."""
    for text in distribution(name).requires or ():
        yield canonicalize_name(Requirement(text).name)


def main() -> None:
    """Write both."""
    folder = _ROOT / "build" / "sbom"
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in (("wheel", wheel()), ("image", image())):
        path = folder / f"{name}.cdx.json"
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(_ROOT)}: {len(document['components'])} components\n")


if __name__ == "__main__":
    main()
