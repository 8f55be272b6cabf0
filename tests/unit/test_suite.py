"""The tests themselves: what holds of each of their modules."""

import ast
from pathlib import Path

TESTS = Path(__file__).parent.parent
MODULES = sorted(TESTS.glob("**/*.py"))


def imported(path):
    """The modules that one imports, by their full names."""
    here = path.relative_to(TESTS.parent).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level] if node.level else ()
            module = ".".join((*above, *filter(None, [node.module])))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def test_no_module_imports_a_test_module():
    last = {
        (str(path.relative_to(TESTS)), name.rpartition(".")[2])
        for path in MODULES
        for name in imported(path)
        if name.startswith("tests.")
    }
    found = [(path, name) for path, name in last if name.startswith("test_") or name == "conftest"]
    assert found == []


def test_a_tests_name_has_at_most_ten_words():
    names = [
        node.name.removeprefix("test_")
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert [name for name in names if name.count("_") >= 10] == []
