"""Print the shape of the code: sizes, nesting, helpers used once, inner imports, comments.

The figures are shown and enforced nowhere: they tell a reviewer where to look.
"""

import ast
import io
import statistics
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SHORT = 8
"""Lines of a helper that has to earn its name."""
NESTING = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.TryStar,
    ast.Match,
)


@dataclass(frozen=True, slots=True)
class Module:
    """A source file, read and parsed."""

    path: Path
    text: str
    tree: ast.Module

    @classmethod
    def read(cls, path: Path) -> "Module":
        """Parse the file at `path`."""
        text = path.read_text("utf-8")
        return cls(path, text, ast.parse(text))

    @property
    def lines(self) -> int:
        """How many lines the file has, blank ones too."""
        return len(self.text.splitlines())

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method, inner ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, FUNCTIONS))

    def classes(self) -> Iterator[ast.ClassDef]:
        """Every class, inner ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef))

    def comments(self) -> int:
        """How many lines hold a comment."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return sum(token.type == tokenize.COMMENT for token in tokens)


def main(folder: Path) -> None:
    """Print the figures of all Python files below `folder`."""
    modules = [Module.read(path) for path in sorted(folder.rglob("*.py"))]
    for name, value in figures(modules, folder):
        print(f"{name:<34}{value}")  # noqa: T201 - it is what this program is for


def figures(modules: Sequence[Module], folder: Path) -> Iterator[tuple[str, str]]:
    """Each figure's name, and its value as text."""
    lines = sum(module.lines for module in modules)
    yield "files, lines", f"{len(modules)}, {lines}"
    yield "command line, share of the lines", _share(_lines_below(modules, folder / "cli"), lines)
    functions = [node for module in modules for node in module.functions()]
    lengths = sorted(_length(node) for node in functions)
    ninetieth = lengths[len(lengths) * 9 // 10]
    yield (
        "function length: median, p90, max",
        f"{statistics.median(lengths):g}, {ninetieth}, {lengths[-1]}",
    )
    yield "nesting, max", str(max(_depth(node) for node in functions))
    once = [node for module in modules for node in _private_functions_used_once(module)]
    short = sum(_length(node) <= SHORT for node in once)
    share = _share(len(once), len(functions))
    yield (
        "private functions used once",
        f"{share} of all ({len(once)}, {short} of them of {SHORT} lines at most)",
    )
    inner = sum(_inner_imports(node) for module in modules for node in module.tree.body)
    yield "imports inside functions", str(inner)
    comments = sum(module.comments() for module in modules)
    yield "comments in 1 000 lines", f"{comments * 1000 / lines:.1f}"
    names = Counter(
        node.name for module in modules for node in module.classes() if node.name[0] != "_"
    )
    twice = sorted(name for name, count in names.items() if count > 1)
    yield "public class names used twice", ", ".join(twice) or "none"


def _lines_below(modules: Sequence[Module], folder: Path) -> int:
    return sum(module.lines for module in modules if module.path.is_relative_to(folder))


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "0%"


def _depth(node: ast.AST) -> int:
    """How deep the statements of a function are nested; an `elif` is as deep as its `if`."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and child in node.orelse
        deepest = max(deepest, _depth(child) + (isinstance(child, NESTING) and not is_elif))
    return deepest


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _private_functions_used_once(
    module: Module,
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Those with a private name that their own module mentions a single time."""
    uses = Counter(_uses(module.tree))
    return (node for node in module.functions() if _is_private(node.name) and uses[node.name] == 1)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _uses(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def _inner_imports(node: ast.AST, *, inside: bool = False) -> int:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return int(inside)
    within = inside or isinstance(node, FUNCTIONS)
    return sum(_inner_imports(child, inside=within) for child in ast.iter_child_nodes(node))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "src/sync_worker"))
