"""What a database's encoding means for the registry."""

from sync_worker.inspection.doctor import Finding, fail, ok, warn
from sync_worker.registry import dialect

_FIX = (
    "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0; move the registry there with pg_dump "
    "and pg_restore"
)


def finding(encoding: str) -> Finding:
    """Whether a database with this encoding holds every character; PostgreSQL's name of it."""
    if encoding == "UTF8":
        return ok("The database keeps text as UTF-8.")
    if encoding == dialect.NO_ENCODING:
        return warn(
            f"The database's encoding is {encoding}: it holds every character that this program "
            "writes, but checks nothing that others write, and a search tells letters beyond ASCII "
            "in upper and lower case apart.",
            _FIX,
        )
    return fail(
        f"The database's encoding is {encoding}, which lacks characters: a record that has one of "
        "them is set aside as database_rejected, and a person's command is refused.",
        _FIX,
    )
