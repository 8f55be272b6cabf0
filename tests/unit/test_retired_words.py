"""Words and turns that were replaced by the terms of docs/glossary.md do not come back."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "sync_worker"
DOCUMENTS = [*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
TABLES = SOURCE / "registry" / "tables.py"
MODULES = [path for path in SOURCE.rglob("*.py") if "versions" not in path.parts and path != TABLES]
"""Without the migrations, which are frozen, and the tables, whose comments repeat theirs."""

TURNS = {
    "set aside": r"\bset(?:s|ting)?[ _](?:\w+ ){0,3}aside\b",
    "anew": r"\banew\b",
    "meanwhile": r"\bmeanwhile\b",
    "by now": r"\bby now\b",
    "let go of": r"\blet(?:s|ting)?[ _]go\b",
    "be it": r"\bbe it\b",
    "what came of it": r"\bwhat (?:came|comes) of\b|\bcame[ _]to\b",
    "goes on": r"\b(?:goes|go|went|going) on\b(?! the command line)",
    "of late": r"\bof late\b",
    "on which it": r"\bon which (?:it|they|he)\b",
    "is no X": r"(?<!there )\b(?:is|are) no (?!longer|more\b|less\b|other\b)\w",
    "kept whole": r"\bkept whole\b",
    "is away": r"\b(?:is|are|was|were) away\b",
    "by itself": r"\bby (?:itself|themselves)\b",
}
"""Plainer: dead-letter, again, at the same time, now, release, result, continue, recently, is not a
valid X, retained, unavailable, automatically."""

DEFINITIONS = {
    *("Keeper", "Portion", "Judged", "Batch", "Codec", "Patience", "Doing", "Rehearsing"),
    *("Rehearsal", "Gathering", "LoneReader", "Sight", "LastWords", "Move", "Advance", "Bookmarks"),
    *("StreamAway", "Told", "Applied", "Standing", "Stored", "Stated", "Settled", "Passed"),
    *("Waiting", "Hand", "Only", "Parts", "Judge", "Gauge", "Head", "Letter", "Act", "Signature"),
    *("wants_bookmarks", "_patiently", "unheard_of", "settle", "let_go", "locked", "present"),
    *("again", "alone"),
}
"""Names of classes and functions that said nothing, or two things."""

CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
"""Of documents: what the program prints or is called stands in the source."""


def found(turn: str, paths: list[Path]) -> list[str]:
    """Where a turn stands, with the words around it."""
    hits = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        prose = CODE.sub("`…`", text) if path.suffix == ".md" else text
        words = re.sub(r"\s+(?:# )?", " ", prose)
        for hit in re.finditer(TURNS[turn], words, re.IGNORECASE):
            around = words[max(0, hit.start() - 40) : hit.end() + 20]
            hits.append(f"{path.relative_to(ROOT)}: …{around}…")
    return hits


@pytest.mark.parametrize("turn", TURNS)
def test_no_retired_turn_comes_back_into_the_documents(turn):
    assert found(turn, DOCUMENTS) == []


@pytest.mark.parametrize("turn", TURNS)
def test_no_retired_turn_comes_back_into_the_source(turn):
    assert found(turn, MODULES) == []


def test_no_retired_name_is_defined_again():
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in MODULES]
    defined = {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, kinds)}
    assert defined & DEFINITIONS == set()
