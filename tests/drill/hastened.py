"""Alert rules with their durations shortened, so that a staged incident need not last for days.

Only how long something must last is shortened, and over which time it is counted. The thresholds
are those that operators have.
"""

import re
from pathlib import Path

RULES = Path(__file__).parents[2] / "deploy" / "observability" / "alerts.yml"
"""The file of the rules."""
MAX_SECONDS = 10
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?<=for: )\d+[smhd]\b|(?<=\[)\d+[smhd](?=\])|(?<=offset )\d+[smhd]\b")


def hastened(rules: str) -> str:
    """The rules, with each duration a sixtieth of what it is, and ten seconds at most."""
    return _DURATION.sub(lambda found: _shortened(found[0]), rules)


def _shortened(duration: str) -> str:
    seconds = int(duration[:-1]) * _SECONDS[duration[-1]]
    return f"{max(1, min(seconds // 60, MAX_SECONDS))}s"
