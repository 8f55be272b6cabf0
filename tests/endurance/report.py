"""The report of the runs, in Markdown: what was staged, with which seed, and what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.endurance.plan import Plan
from tests.real.worker.expected import Place
from tests.real.worker.stage import OUTCOMES

PATH = Path(__file__).parents[2] / "build" / "endurance.md"


@dataclass
class Section:
    """One run."""

    title: str
    staged: str
    figures: list[tuple[str, str]] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    is_closed: bool = False
    seconds: float = 0.0

    def add(self, figure: str, value: object) -> None:
        """A number that somebody may want to compare, or several."""
        values = value if isinstance(value, list) else [value]
        texts = [f"{one:.1f}" if isinstance(one, float) else str(one) for one in values]
        self.figures.append((figure, ", ".join(texts)))

    def add_table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        self.tables.append(table(columns, rows))

    def add_counts(
        self, produced: Mapping[Place, int], counted: Mapping[Place, Mapping[str, int]]
    ) -> None:
        """Conservation as a table, a row for each partition."""
        rows = [
            (
                f"{topic.partition('-')[0]} {number}",
                count,
                sum(counted.get((topic, number), {}).values()),
                *(counted.get((topic, number), {}).get(outcome, 0) for outcome in OUTCOMES),
            )
            for (topic, number), count in sorted(produced.items())
        ]
        self.add_table(("partition", "produced", "read", *OUTCOMES), rows)

    def in_markdown(self) -> str:
        """The run as a chapter."""
        verdict = "conserved, converged, nothing extra" if self.is_closed else "**not closed**"
        parts = [f"## {self.title}", self.staged, f"{verdict}; {self.seconds:.0f} s"]
        if self.figures:
            parts.append(table(("figure", "value"), self.figures))
        return "\n\n".join([*parts, *self.tables])


@dataclass
class Report:
    """All runs so far."""

    plan: Plan
    sections: list[Section] = field(default_factory=list)

    def in_markdown(self) -> str:
        """The whole report."""
        plan = self.plan
        how = f"MINUTES={plan.minutes:g} SEED={plan.seed} RECORDS={plan.hostile_records}"
        chapters = [section.in_markdown() for section in self.sections]
        return "\n\n".join(["# Endurance", f"`make endurance {how}`", *chapters]) + "\n"

    def write(self) -> None:
        """Write what there is: a run that breaks off leaves those before it."""
        PATH.parent.mkdir(exist_ok=True)
        PATH.write_text(self.in_markdown(), encoding="utf-8")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)
