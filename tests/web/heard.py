"""What a screen reader is given of each page, in `tests/web/heard`: written anew by `make heard`.

Read the files as their listener: headings in order, parts that have names, fields that say what
they want, links that say where they lead.
"""

from collections.abc import Iterator
from pathlib import Path

from tests.web import reader
from tests.web.alone import browsing
from tests.web.sites import Sites
from tests.web.state import reached
from tests.web.states import STATES
from tests.web.tab import Tab

FOLDER = Path(__file__).parent / "heard"
_IN_SWEDISH = (
    "regions",
    "last page",
    "page too high",
    "search",
    "search without hits",
    "region without a board, odd names",
    "empty region",
    "no id",
    "id too long",
    "refused: other region",
    "clinic that receives",
    "clinic to be added",
    "clinic for a reader",
    "clinic in TAK",
    "clinic that waits for a decision",
    "clinic without a board",
    "clinic of another region",
    "unknown clinic",
    "clinic with a long reason",
    "remove?",
    "remove deactivated?",
    "remove for a long reason",
    "file",
    "no file",
    "plan of all kinds",
    "plan with nothing to do",
    "nothing corrected",
    "corrected",
    "receipt",
    "the same file again",
    "imports",
    "no such import",
    "activated",
    "nothing activated",
    "file too large",
    "no imports",
    "help",
    "accessibility",
    "about",
    "log of odd names",
    "log without hits",
    "log without older entries",
    "empty log",
    "boards",
    "board to set",
    "board change",
    "board change with a wrong id",
    "operations",
    "hold",
    "no such hold",
    "sign in",
    "nobody",
    "idle",
    "signed out",
    "more time",
    "no rights",
    "wrong region",
    "no such page",
    "too much",
    "other origin",
)
_IN_ENGLISH_TOO = {
    "regions",
    "region without a board, odd names",
    "id too long",
    "clinic without a board",
    "plan of all kinds",
    "receipt",
    "file",
    "help",
    "log of odd names",
    "operations",
    "sign in",
    "nobody",
    "more time",
}


def everything(tab: Tab, sites: Sites) -> Iterator[tuple[str, str]]:
    """The name of each file, and what should be in it; `sites` must be as they were filled."""
    states = {state.name: state for state in STATES}
    for name in _IN_SWEDISH:
        for language in ("sv", "en") if name in _IN_ENGLISH_TOO else ("sv",):
            reached(states[name], language, tab, sites)
            yield f"{states[name].file_name}-{language}.txt", reader.heard(tab)


def main() -> None:
    """Write the files, and remove those of states that are gone."""
    with browsing() as (tab, sites):
        written = dict(everything(tab, sites))
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.iterdir():
        path.unlink()
    for name, text in written.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
