"""What a screen reader is given of each page is what was read and found good."""

from difflib import unified_diff

from tests.web import heard
from tests.web.sites import Sites


def test_a_screen_reader_is_given_what_was_reviewed(tab, filled, tmp_path):
    sites = Sites(tmp_path, filled)
    try:
        given = dict(heard.everything(tab, sites))
    finally:
        sites.stop()
    reviewed = {path.name: path.read_text(encoding="utf-8") for path in heard.FOLDER.iterdir()}
    differing = [
        "\n".join(unified_diff(before.splitlines(), now.splitlines(), name, "now", lineterm=""))
        for name in sorted(given.keys() | reviewed.keys())
        if (now := given.get(name, "")) != (before := reviewed.get(name, ""))
    ]
    assert not differing, "\n".join([*differing, "review what `make heard` writes"])
