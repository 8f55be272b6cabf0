"""The PostgreSQL roles, and exactly the rights that each needs (contract 5).

Roles are groups that nobody logs in as: the operator grants them to users. What a role may not do
at all is here; what it may do to some rows alone, triggers see to (migration 0003).
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from sync_worker.domain.mass_change_guard import GUARDED
from sync_worker.errors import Exit, UserError
from sync_worker.language import Message
from sync_worker.registry import dialect
from sync_worker.registry.clinic_context import DEAD_LETTER_COLUMNS
from sync_worker.registry.dialect import server
from sync_worker.registry.facts import FACTS
from sync_worker.registry.tables import change_log, clinic, metadata
from sync_worker.remedies import Remedy

WORKER, ADMIN = "complaints_worker", "complaints_admin"
SUPPORT, READER = "complaints_support", "complaints_reader"
ROLES = (WORKER, ADMIN, SUPPORT, READER)

Columns = tuple[str, ...]
Rights = Mapping[str, Columns]
"""Privilege → the columns that it is for; none stands for the table as a whole."""

_WHOLE: Columns = ()
_READ: Rights = {"SELECT": _WHOLE}
_REGISTRATION: Columns = ("registered_at", "registered_by")
_FACTS: Columns = tuple(
    column.name for column in clinic.columns if column.name not in {"hsa_id", *_REGISTRATION}
)
"""The facts with their versions, and `updated_at`."""
_HELD_FACTS: Columns = tuple(column.name for fact in GUARDED for column in FACTS[fact].columns)

_WRITTEN_BY_TRIGGERS = {"id", "login", "was_active", "was_named"}
"""Of the change log: nobody can say who he is, nor what a removed clinic was."""
_ADD_TO_LOG: Rights = {
    "SELECT": _WHOLE,
    "INSERT": tuple(
        column.name for column in change_log.columns if column.name not in _WRITTEN_BY_TRIGGERS
    ),
}
_KEEP: Rights = {
    "SELECT": _WHOLE,
    "INSERT": _WHOLE,
    "UPDATE": _WHOLE,
    "DELETE": _WHOLE,
}

RIGHTS: Mapping[str, Mapping[str, Rights]] = {
    WORKER: {
        "alembic_version": _READ,
        "schema_history": _READ,
        "clinic": {"SELECT": _WHOLE, "INSERT": ("hsa_id", *_FACTS), "UPDATE": _FACTS},
        "patient_board": _READ,
        "own_system": _READ,
        "change_log": _ADD_TO_LOG,
        "dead_letter": {
            "SELECT": _WHOLE,
            "INSERT": _WHOLE,
            "UPDATE": ("reason", "detail", "status", "closed_at"),
            "DELETE": _WHOLE,
        },
        "hold": {"SELECT": _WHOLE, "INSERT": _WHOLE, "UPDATE": _WHOLE},
        "held_fact": _KEEP,
        "approved_fact": {"SELECT": _WHOLE, "INSERT": _WHOLE},
        "passed_fact": {"SELECT": _WHOLE, "INSERT": _WHOLE},
        "guard_region": {"SELECT": _WHOLE, "INSERT": _WHOLE, "UPDATE": _WHOLE},
        "departure": _KEEP,
        "departed_fact": _KEEP,
        "position": {"SELECT": _WHOLE, "INSERT": _WHOLE, "UPDATE": _WHOLE},
        "unknown_type": {"SELECT": _WHOLE, "INSERT": _WHOLE, "UPDATE": _WHOLE},
        "worker": _KEEP,
        "reconciliation": {"SELECT": _WHOLE, "INSERT": _WHOLE},
    },
    ADMIN: {
        "alembic_version": _READ,
        "schema_history": _READ,
        # Of the facts only what is held of a clinic, as it is removed: triggers see to that.
        "clinic": {"SELECT": _WHOLE, "UPDATE": (*_REGISTRATION, *_HELD_FACTS, "updated_at")},
        "patient_board": _READ,
        "own_system": _READ,
        "change_log": _ADD_TO_LOG,
        "hold": {"SELECT": _WHOLE, "UPDATE": ("revision", "status", "closed_at")},
        "held_fact": {"SELECT": _WHOLE, "DELETE": _WHOLE},
        "guard_region": {"SELECT": _WHOLE, "INSERT": _WHOLE, "UPDATE": _WHOLE},
        "departure": _READ,
        "departed_fact": _READ,
        # Whether somebody keeps the registry up to date, and how far he has come.
        "position": _READ,
        "worker": _READ,
        "reconciliation": _READ,
        # To explain a clinic: no record, nor what is quoted of one.
        "dead_letter": {"SELECT": DEAD_LETTER_COLUMNS},
        "web_session": _KEEP,
        "web_plan": _KEEP,
    },
    SUPPORT: {
        "alembic_version": _READ,
        "schema_history": _READ,
        "clinic": {"SELECT": ("hsa_id", "active", "region_code", "name", "registered_at")},
        "patient_board": _KEEP,
        "own_system": _KEEP,
    },
    READER: {"complaints_clinic": _READ},
}
"""Role → table or view → what it may. What is not here is taken away."""

_COUNTED: Mapping[str, str] = {
    "change_log": "change_log_id_seq",
    "dead_letter": "dead_letter_id_seq",
    "hold": "hold_id_seq",
    "reconciliation": "reconciliation_id_seq",
}
"""The tables whose keys the database counts up: who inserts needs the sequence too."""

_RELATIONS = ("alembic_version", *sorted(metadata.tables), "complaints_clinic")
_FUNCTIONS: Mapping[str, Columns] = {
    **dict.fromkeys(
        (
            *("log_board_insert", "log_board_update", "log_board_other_region"),
            *("log_board_delete", "log_board_truncate"),
            *("log_own_system_insert", "log_own_system_update", "log_own_system_delete"),
            *("log_own_system_truncate", "log_registration_insert", "log_registration_update"),
            *("log_registration_removal", "log_registration_delete", "log_registration_truncate"),
            *("set_login", "refuse_log_change", "refuse_foreign_facts"),
            *("refuse_held_lost", "refuse_hold_decided"),
        ),
        (),
    ),
    "lock_own_system": (ADMIN,),
}
"""Function → the roles that call it. Triggers need nobody's right to theirs; whoever had it could
hang it on a table of his own, and so write into the log as its owner."""


NOT_PERMITTED = Message(
    sv="Databasen tillåter inte det här.", en="The database does not permit this."
)
NOT_THE_OWNER = Message(
    sv="Kommandot kräver tabellernas ägare, men du är inloggad i databasen som {login}.",
    en="The command requires the owner of the tables, but you are logged in to the database as "
    "{login}.",
)


class NoRoles(UserError):
    """The database cannot tell roles apart: SQLite, where file permissions are all there is."""

    def __init__(self) -> None:
        super().__init__(
            Exit.USAGE,
            "The database is SQLite, which has no roles.",
            why="Only the permissions of its file separate those who use it.",
            hint="Give the file and its folder to the user that runs sync-worker, or use "
            "PostgreSQL.",
            code="no_roles",
        )


class NotTheOwner(UserError):
    """Rights are given by the owner of the tables alone, and we are `login`."""

    def __init__(self, login: str | None) -> None:
        super().__init__(
            Exit.REFUSED,
            NOT_PERMITTED(),
            why=NOT_THE_OWNER(login=login),
            hint=Remedy.USE_OWNER(),
            code="permission",
        )


class OpenSchema(UserError):
    """Somebody untrusted has a hand in the schema, and we may not end that ourselves.

    `remedy` are the statements that `owner`, who owns the schema, or who owns what is in it, runs.
    """

    def __init__(self, what: str, remedy: Sequence[str], owner: str, login: str | None) -> None:
        super().__init__(
            Exit.REFUSED,
            f"Nothing was applied: {what}.",
            why="Whoever adds a function there can have others run it with their rights. "
            f"The schema is owned by {owner}, and you are logged in as {login}, who may not "
            "change that.",
            hint=f"As {owner} or a superuser: {'; '.join(remedy)}; then the same command again.",
            code="open_schema",
        )


def role_in_use(connection: Connection) -> str:
    """Whose work we are to do, as one of `ROLES`: the worker's, unless of one other alone."""
    member_of = [role for role in ROLES if dialect.is_member(connection, role)]
    return member_of[0] if len(member_of) == 1 else WORKER


def missing(connection: Connection, role: str) -> list[str]:
    """What we lack of a role's rights, as `PRIVILEGE on table`."""
    rights = RIGHTS[role]
    sequences = [name for table, name in _COUNTED.items() if "INSERT" in rights.get(table, {})]
    return [
        *dialect.missing_privileges(connection, rights),
        *(f"USAGE on {name}" for name in sequences if not dialect.may_count(connection, name)),
    ]


def require(url: str) -> None:
    """Raise NoRoles where the database at `url` knows no roles."""
    if not dialect.keeps_roles(url):
        raise NoRoles


def statements(connection: Connection) -> list[str]:
    """What creates the roles and gives each its rights, and no others, in the schema in use.

    Run again, and after upgrades, they change nothing but what is not right.
    """
    schema = _quoted(dialect.schema_in_use(connection))
    roles = ", ".join(_all_quoted(ROLES))
    return [
        *(_created(role) for role in ROLES),
        *(f"REVOKE {what} FROM PUBLIC, {roles}" for what in _everything(schema)),
        f"GRANT USAGE ON SCHEMA {schema} TO {roles}",
        *(statement for role in ROLES for statement in _granted(schema, role)),
    ]


def apply(connection: Connection, statements: Sequence[str]) -> None:
    """Run the statements, as the owner of the tables; nobody else at the same time.

    Raises:
        NotTheOwner: the connection's user does not own them.
        OpenSchema: of the schema, which another owns, he could not take away or give what he
            should. The server only warns of that.
    """
    if not dialect.owns(connection, clinic):
        raise NotTheOwner(dialect.role(connection))
    dialect.advisory_lock(connection, "schema")
    for statement in statements:
        # The driver reads a per cent sign, as in a schema's name, as the beginning of a parameter.
        connection.exec_driver_sql(statement.replace("%", "%%"))
    refuse_open_schema(connection)


def refuse_open_schema(connection: Connection) -> None:
    """Raise OpenSchema where everybody or a role of ours may add to the schema, or somebody has."""
    what, remedy = open_schema(connection)
    schema = _quoted(dialect.schema_in_use(connection))
    lacking = [role for role in ROLES if not dialect.may_use_schema(connection, role)]
    if lacking:
        what.append(f"{', '.join(lacking)} may not use the schema {schema}")
        remedy.append(f"GRANT USAGE ON SCHEMA {schema} TO {', '.join(_all_quoted(lacking))}")
    if what:
        owner, login = server.owner_of_schema(connection), dialect.role(connection)
        raise OpenSchema("; ".join(what), remedy, owner, login)


def refuse_planted(connection: Connection) -> None:
    """Raise OpenSchema where somebody has added to the schema in which migrations look."""
    if dialect.role(connection) is None:
        return
    found, remedy = _planted(connection)
    if found:
        owner, login = server.owner_of_schema(connection), dialect.role(connection)
        raise OpenSchema(found, remedy, owner, login)


def open_schema(connection: Connection) -> tuple[list[str], list[str]]:
    """What is open in the schema to whom nobody trusts, and the statements that close it."""
    schema = _quoted(dialect.schema_in_use(connection))
    ours = {"PUBLIC", *ROLES}
    grantees = [name for name in server.may_add(connection) if name in ours]
    planted, remedy = _planted(connection)
    what = [planted] if planted else []
    if grantees:
        listed = ", ".join(grantees)
        what.append(f"{listed.replace('PUBLIC', 'everybody')} may add to the schema {schema}")
        remedy.append(f"REVOKE CREATE ON SCHEMA {schema} FROM {listed}")
    return what, remedy


def _planted(connection: Connection) -> tuple[str, list[str]]:
    planted = server.planted(connection)
    if not planted:
        return "", []
    schema = _quoted(dialect.schema_in_use(connection))
    made = ", ".join(f"{each.name} by {each.owner}" for each in planted)
    said = f"somebody has added to the schema {schema} what PostgreSQL has itself: {made}"
    return said, [f"DROP {each.name}" for each in planted]


def _created(role: str) -> str:
    """Roles are the whole server's: another database of it may have made them already."""
    return (
        "DO $$ BEGIN"
        f" IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{role}')"
        f" THEN CREATE ROLE {_quoted(role)} NOLOGIN; END IF;"
        " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )


def _everything(schema: str) -> list[str]:
    """All rights on what is ours, and to add to the schema, where functions of the owner look."""
    return [
        f"CREATE ON SCHEMA {schema}",
        *(f"ALL ON TABLE {schema}.{name}" for name in _all_quoted(_RELATIONS)),
        *(f"ALL ON SEQUENCE {schema}.{name}" for name in _all_quoted(_COUNTED.values())),
        *(f"ALL ON FUNCTION {schema}.{name}()" for name in _all_quoted(_FUNCTIONS)),
    ]


def _granted(schema: str, role: str) -> list[str]:
    to_role = f"TO {_quoted(role)}"
    tables = [
        f"GRANT {_privileges(rights)} ON TABLE {schema}.{_quoted(table)} {to_role}"
        for table, rights in RIGHTS[role].items()
    ]
    sequences = [
        f"GRANT USAGE ON SEQUENCE {schema}.{_quoted(sequence)} {to_role}"
        for table, sequence in _COUNTED.items()
        if "INSERT" in RIGHTS[role].get(table, {})
    ]
    functions = [
        f"GRANT EXECUTE ON FUNCTION {schema}.{_quoted(function)}() {to_role}"
        for function, roles in _FUNCTIONS.items()
        if role in roles
    ]
    return tables + sequences + functions


def _privileges(rights: Rights) -> str:
    return ", ".join(
        f"{privilege} ({', '.join(_all_quoted(columns))})" if columns else privilege
        for privilege, columns in rights.items()
    )


def _all_quoted(names: Iterable[str]) -> list[str]:
    return [_quoted(name) for name in names]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
