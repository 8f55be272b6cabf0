"""docs/commands.md, which follows from the help of the commands."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_page_of_commands_follows_from_their_help():
    made = subprocess.run(
        [sys.executable, ROOT / "tools" / "commands_page.py"],
        capture_output=True,
        text=True,
        check=True,
    )
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    assert page == made.stdout, "run `make docs-commands`"
