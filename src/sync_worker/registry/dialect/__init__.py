"""All that differs between SQLite and PostgreSQL; nothing else in the program asks which it is."""

from sync_worker.registry.dialect.acting import acting
from sync_worker.registry.dialect.encodings import escaped, storable
from sync_worker.registry.dialect.engine import (
    BUSY_TIMEOUT_MS,
    MissingDatabase,
    NoPlaceForDatabase,
    file_of,
    keeps_roles,
    login_of,
    open_engine,
    reading,
    unanswered_seconds,
)
from sync_worker.registry.dialect.locks import alone, lock_own_system, lock_to_write
from sync_worker.registry.dialect.path import has_table, look_in_own_schema, schema_in_use
from sync_worker.registry.dialect.rows import (
    among,
    insert_all,
    insert_missing_keys,
    insert_new,
    insert_one,
    next_numbers,
    update_by_key,
)
from sync_worker.registry.dialect.server import (
    clock,
    encoding,
    is_member,
    may,
    may_count,
    may_use_schema,
    missing_privileges,
    owns,
    role,
    size_bytes,
    version,
)
from sync_worker.registry.dialect.session import COMMAND, NO_ENCODING, UPGRADE, WORKER, TimeLimits
from sync_worker.registry.dialect.types import GREATEST_NUMBER, Bytewise, Instant, RowNumber

__all__ = [
    "BUSY_TIMEOUT_MS",
    "COMMAND",
    "GREATEST_NUMBER",
    "NO_ENCODING",
    "UPGRADE",
    "WORKER",
    "Bytewise",
    "Instant",
    "MissingDatabase",
    "NoPlaceForDatabase",
    "RowNumber",
    "TimeLimits",
    "acting",
    "alone",
    "among",
    "clock",
    "encoding",
    "escaped",
    "file_of",
    "has_table",
    "insert_all",
    "insert_missing_keys",
    "insert_new",
    "insert_one",
    "is_member",
    "keeps_roles",
    "lock_own_system",
    "lock_to_write",
    "login_of",
    "look_in_own_schema",
    "may",
    "may_count",
    "may_use_schema",
    "missing_privileges",
    "next_numbers",
    "open_engine",
    "owns",
    "reading",
    "role",
    "schema_in_use",
    "size_bytes",
    "storable",
    "unanswered_seconds",
    "update_by_key",
    "version",
]
