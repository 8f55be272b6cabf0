"""A csv that Excel opens as it stands in Sweden: semicolons, a byte-order mark, and safe cells."""

from collections.abc import Iterable, Iterator, Sequence

from sync_worker.files.csv_cells import escaped

_MARK = "\ufeff"
_TO_BE_QUOTED = frozenset(';,\t"\r\n')


def written(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The content of such a file, a line at a time, as the rows come."""
    yield (_MARK + _line(header)).encode("utf-8", "backslashreplace")
    for row in rows:
        yield _line(row).encode("utf-8", "backslashreplace")


def _line(cells: Sequence[str]) -> str:
    return ";".join(map(_cell, cells)) + "\r\n"


def _cell(text: str) -> str:
    """Quoted also for what other delimiters would make of it: Excel goes by the country."""
    cell = escaped(text)
    if _TO_BE_QUOTED.isdisjoint(cell):
        return cell
    return '"' + cell.replace('"', '""') + '"'
