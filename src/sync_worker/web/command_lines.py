"""What to type for what the page does not do: shown to support and to operators, and nobody else.

Each value is quoted for a POSIX shell, so that a line that is copied means what the page showed.
"""

import shlex

from sync_worker.registry.registrations import Board


def set_board(board: Board, ticket: str) -> str:
    """Set a region's patient board."""
    named = ("--name", board.name, "--ticket", ticket)
    return _line("boards", "set", board.region_code, board.hsa_id, *named)


def clear_board(region_code: str, ticket: str) -> str:
    """Clear it."""
    return _line("boards", "clear", region_code, "--ticket", ticket)


def show_hold(number: int) -> str:
    """See what a hold is about, before it is decided on."""
    return _line("holds", "show", str(number))


def list_dead_letters(reason: str) -> str:
    """List the open dead letters of a reason."""
    return _line("deadletters", "list", "--code", reason)


def _line(*words: str) -> str:
    return shlex.join(("sync-worker", *words))
