"""Which rights on which tables each kind of work needs; the doctor compares them with a role's."""

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import Connection

from sync_worker.registry import dialect

Needed = Mapping[str, tuple[str, ...]]

_READ = ("SELECT",)
_ADD = ("SELECT", "INSERT")
_CHANGE = ("SELECT", "INSERT", "UPDATE")


class Kind(StrEnum):
    """Whose work it is."""

    WORKER = "the worker"
    ADMINISTRATOR = "an administrator"
    SUPPORT = "support"


_NEEDED: Mapping[Kind, Needed] = {
    Kind.WORKER: {
        "alembic_version": _READ,
        "clinic": _CHANGE,
        "position": _CHANGE,
        "dead_letter": _CHANGE,
        "hold": _CHANGE,
        "held_fact": (*_CHANGE, "DELETE"),
        "change_log": _ADD,
        "patient_board": _READ,
        "own_system": _READ,
    },
    Kind.ADMINISTRATOR: {
        "alembic_version": _READ,
        "clinic": ("SELECT", "UPDATE"),
        "change_log": _ADD,
        "patient_board": _READ,
        "own_system": _READ,
    },
    Kind.SUPPORT: {
        "alembic_version": _READ,
        "clinic": _READ,
        "patient_board": (*_CHANGE, "DELETE"),
        "own_system": (*_CHANGE, "DELETE"),
    },
}
_ROLES = {"complaints_admin": Kind.ADMINISTRATOR, "complaints_support": Kind.SUPPORT}


def needed(connection: Connection) -> tuple[Kind, Needed]:
    """What the present role is for, and what it needs; the worker, if it is none of the others."""
    kinds = [kind for name, kind in _ROLES.items() if dialect.is_member(connection, name)]
    kind = kinds[0] if len(kinds) == 1 else Kind.WORKER
    return kind, _NEEDED[kind]
