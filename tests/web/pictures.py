"""Pictures of each state for eyes to judge, in `build/pictures`: wide, narrow, and printed."""

import sys
from pathlib import Path

from tests.services import processes
from tests.web.alone import browsing
from tests.web.state import reached
from tests.web.states import STATES
from tests.web.tab import NARROW, WIDE, Tab

FOLDER = Path(__file__).parents[2] / "build" / "pictures"


def take(tab: Tab, name: str) -> None:
    """The whole page as it is laid out for two windows, and its first sheet on paper."""
    for width, size in (("1280", WIDE), ("320", NARROW)):
        tab.size(size)
        (FOLDER / f"{name}-{width}.png").write_bytes(tab.picture())
    printed = FOLDER / f"{name}-print"
    printed.with_suffix(".pdf").write_bytes(tab.printed())
    processes.run(
        ["pdftoppm", "-png", "-r", "60", "-singlefile", printed.with_suffix(".pdf"), printed]
    )
    printed.with_suffix(".pdf").unlink()


def main(words: list[str]) -> None:
    """Take them of the states whose names have one of the words; of all where none is given."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with browsing() as (tab, sites):
        for state in STATES:
            if not words or any(word in state.name for word in words):
                reached(state, "sv", tab, sites)
                take(tab, state.file_name)


if __name__ == "__main__":
    main(sys.argv[1:])
