"""The order of Swedish names: as dictionaries have them, the same on every database. Pure."""

import unicodedata

# Letters that sort with others, and those that come after z: they take the places behind it.
_PLACES = str.maketrans(
    {"å": "{", "ä": "|", "ö": "}", "æ": "|", "ø": "}", "ü": "y", "ð": "d", "þ": "th", "ł": "l"}
)


def name_key(name: str | None) -> tuple[bool, str, str]:
    """What names sort by: å, ä and ö last, without regard to case and accents; nameless last.

    Names that differ in accents alone still have one order.
    """
    if name is None or not (shown := name.strip()):
        return (True, "", "")
    folded = shown.casefold()
    if folded.isascii():
        return (False, folded, "")
    composed = unicodedata.normalize("NFC", folded)
    return (False, _without_accents(composed.translate(_PLACES)), composed)


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFD", text)
    return "".join(part for part in parts if not unicodedata.combining(part))
