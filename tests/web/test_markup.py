"""The source of each state, and the style sheet, as the validator of HTML and CSS reads them."""

import json
import subprocess
from importlib.resources import files
from pathlib import Path

from tests.web.state import LANGUAGES, reached
from tests.web.states import STATES

_TABLE_ROLES = (
    ".*role is unnecessary for element.*"
    "|.*attribute must not be used on a .* element which has a .table. ancestor.*"
)
"""Not for Safari, which takes a table whose rows are laid out as blocks for none."""


def test_the_validator_has_nothing_to_say(tab, sites, vnu, tmp_path):
    java, jar = vnu
    named: dict[str, str] = {}
    for state in STATES:
        for language in LANGUAGES:
            reached(state, language, tab, sites)
            path = tmp_path / f"{len(named):03}.html"
            path.write_text(tab.source, encoding="utf-8")
            named[path.name] = f"{state.name}, {language}"
    style = files("sync_worker.web").joinpath("static", "style.css").read_bytes()
    (tmp_path / "style.css").write_bytes(style)
    options = ["--also-check-css", "--format", "json", "--filterpattern", _TABLE_ROLES]
    command = [java, "-jar", jar, *options, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    found = [
        (named.get(Path(each["url"]).name, each["url"]), each["message"], each["extract"])
        for each in json.loads(done.stderr)["messages"]
    ]
    assert sorted(set(found)) == []
