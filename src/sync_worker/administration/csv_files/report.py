"""The report of rows that were not done: a csv that can be corrected and imported again.

With semicolons and a byte-order mark, as Excel opens it in Sweden, and cells that nothing runs.
"""

from collections.abc import Iterable, Sequence

from sync_worker.files.csv_cells import escaped

_MARK = "\ufeff"
_TO_BE_QUOTED = frozenset(';,\t"\r\n')


def written(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """The file's content; its first column is the HSA-id's."""
    lines = [header, *rows]
    text = "".join(";".join(map(_cell, line)) + "\r\n" for line in lines)
    return (_MARK + text).encode("utf-8", "backslashreplace")


def _cell(text: str) -> str:
    """Quoted also for what other delimiters would make of it: Excel goes by the country."""
    cell = escaped(text)
    if _TO_BE_QUOTED.isdisjoint(cell):
        return cell
    return '"' + cell.replace('"', '""') + '"'
