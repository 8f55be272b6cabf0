"""The administrative regions: 21 codes, and those that a setting adds."""

import re
from collections.abc import Iterable, Iterator, Mapping

REGION_NAMES: Mapping[str, str] = {
    "01": "Region Stockholm",
    "03": "Region Uppsala",
    "04": "Region Sörmland",
    "05": "Region Östergötland",
    "06": "Region Jönköpings län",
    "07": "Region Kronoberg",
    "08": "Region Kalmar län",
    "09": "Region Gotland",
    "10": "Region Blekinge",
    "12": "Region Skåne",
    "13": "Region Halland",
    "14": "Västra Götalandsregionen",
    "17": "Region Värmland",
    "18": "Region Örebro län",
    "19": "Region Västmanland",
    "20": "Region Dalarna",
    "21": "Region Gävleborg",
    "22": "Region Västernorrland",
    "23": "Region Jämtland Härjedalen",
    "24": "Region Västerbotten",
    "25": "Region Norrbotten",
}

_CODE = re.compile(r"[0-9A-Z]{2}")


class Regions:
    """The region codes in use; a code is two characters, its leading zero included."""

    def __init__(self, extra_codes: Iterable[str] = ()) -> None:
        """Raise ValueError where an extra code is not two digits or capital letters."""
        extras = sorted(set(extra_codes) - REGION_NAMES.keys())
        for code in extras:
            if _CODE.fullmatch(code) is None:
                raise ValueError(f"{code!r} is not a region code: two digits, as in 01")
        self._names = {**REGION_NAMES, **{code: f"Region {code}" for code in extras}}

    def __contains__(self, code: object) -> bool:
        return code in self._names

    def __iter__(self) -> Iterator[str]:
        """The codes, in order."""
        return iter(sorted(self._names))

    def name(self, code: str) -> str:
        """The region's name; KeyError for a code not in use."""
        return self._names[code]
