"""What the documents point at is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
MODULE = re.compile(r"`((?:[a-z_]+/)+(?:[a-z_]+\.py)?)[`:]")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


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
