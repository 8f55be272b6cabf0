"""What the documents point at is there."""

import re
from pathlib import Path

import pytest

from sync_worker.config.settings import Settings
from sync_worker.config.sources import SECRETS_DIR, variable

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
MODULE = re.compile(r"`((?:[a-z_]+/)+(?:[a-z_]+\.py)?)[`:]")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
DEPLOYED = [
    ROOT / "docker-compose.yml",
    ROOT / "Dockerfile",
    *(path for path in ROOT.glob("deploy/**/*") if path.is_file()),
]
"""What is read by other programs than a person's eye."""
VARIABLES = {SECRETS_DIR, *map(variable, Settings.model_fields)}
NAMED = re.compile(r"(?<![A-Z_])SYNC_WORKER_[A-Z0-9_]*[A-Z0-9](?![A-Z0-9_…])")
SECRET = re.compile(r"(?:LoadCredential|from-file|target)[=:] ?(sync_worker_\w+)")
OTHERS = {"SYNC_WORKER_DATABSE_URL", "SYNC_WORKER_PORT"}
"""A mistake that is told of, and what Kubernetes would set."""


def anchors(document: Path) -> set[str]:
    """What a heading is reached by, as GitHub spells it."""
    headings = HEADING.findall(BLOCK.sub("", document.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(document):
    text = BLOCK.sub("", document.read_text(encoding="utf-8"))
    for path, anchor in LINK.findall(text):
        if "://" in path:
            continue
        target = document.parent / path if path else document
        assert target.exists(), path
        if anchor:
            assert anchor in anchors(target), f"{path}#{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_modules_that_a_document_names_exist(document):
    named = MODULE.findall(document.read_text(encoding="utf-8"))
    assert named or document.name not in {"glossary.md", "architecture.md"}
    places = (ROOT / "src" / "sync_worker", ROOT)
    assert [path for path in named if not any((at / path).exists() for at in places)] == []


@pytest.mark.parametrize("document", [*DOCUMENTS, *DEPLOYED], ids=lambda path: path.name)
def test_the_settings_that_a_file_names_exist(document):
    text = document.read_text(encoding="utf-8")
    named = {*NAMED.findall(text), *(name.upper() for name in SECRET.findall(text))}
    assert named <= VARIABLES | OTHERS


def test_settings_are_looked_for_where_they_are_named():
    texts = [path.read_text(encoding="utf-8") for path in DEPLOYED]
    assert len({name for text in texts for name in NAMED.findall(text)}) > 10
    assert len([name for text in texts for name in SECRET.findall(text)]) > 5
