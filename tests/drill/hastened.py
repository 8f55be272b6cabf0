"""Alert rules with their durations shortened, so that a staged incident need not last for days.

Only how long something must last is shortened, and over which time it is counted. The thresholds
are those that operators have.
"""

import re
from pathlib import Path

RULES = Path(__file__).parents[2] / "deploy" / "observability" / "alerts.yml"
"""The file of the rules."""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?<=for: )\d+[smhd]\b|(?<=\[)\d+[smhd](?=\])|(?<=offset )\d+[smhd]\b")


def hastened(rules: str, *, times: int = 60, max_seconds: int = 10) -> str:
    """The rules, with each duration so many times shorter, and so many seconds at most."""

    def shortened(found: re.Match[str]) -> str:
        seconds = int(found[0][:-1]) * _SECONDS[found[0][-1]]
        return f"{max(1, min(seconds // times, max_seconds))}s"

    return _DURATION.sub(shortened, rules)
