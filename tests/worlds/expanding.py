"""What a change of the schema takes from programs that were made for the schema before it."""

from collections.abc import Iterator

from sqlalchemy import Connection, Inspector, inspect


class Shape:
    """The tables and views of a database, as they are now."""

    def __init__(self, connection: Connection) -> None:
        inspector = inspect(connection)
        self.tables = {name: _Table(inspector, name) for name in inspector.get_table_names()}
        self.views = {name: inspector.get_view_definition(name) for name in _views(inspector)}

    def breaks_for(self, after: "Shape") -> list[str]:
        """What a program that knows this shape does and cannot do, or not as before, with another.

        Whatever is only added is none: new tables, new columns that may be left out, new indexes.
        """
        found = [f"{name} is another view" for name in self.views if _differs(self, after, name)]
        for name, table in self.tables.items():
            if name not in after.tables:
                found.append(f"{name} is gone")
            else:
                found += (f"{name}{what}" for what in table.breaks_for(after.tables[name]))
        return found


class _Table:
    """What of a table somebody notices who reads and writes it."""

    def __init__(self, inspector: Inspector, name: str) -> None:
        self.columns = {column["name"]: column for column in inspector.get_columns(name)}
        unique = [index for index in inspector.get_indexes(name) if index["unique"]]
        self.rules = {
            repr(sorted((key, value) for key, value in rule.items() if key != "dialect_options"))
            for rule in (
                *unique,
                inspector.get_pk_constraint(name),
                *inspector.get_unique_constraints(name),
                *inspector.get_check_constraints(name),
                *inspector.get_foreign_keys(name),
            )
        }

    def breaks_for(self, after: "_Table") -> Iterator[str]:
        for name, column in self.columns.items():
            other = after.columns.get(name)
            if other is None:
                yield f".{name} is gone"
            elif str(other["type"]) != str(column["type"]):
                yield f".{name} is of another type"
            elif column["nullable"] and not other["nullable"]:
                yield f".{name} must be given"
        for name in after.columns.keys() - self.columns.keys():
            column = after.columns[name]
            if not column["nullable"] and column["default"] is None:
                yield f".{name} must be given"
        if after.rules - self.rules:
            yield " has another rule"


def _views(inspector: Inspector) -> list[str]:
    # What the name of a view stands for on the server is nothing of ours.
    return [name for name in inspector.get_view_names() if not name.startswith("pg_")]


def _differs(before: Shape, after: Shape, view: str) -> bool:
    return before.views[view] != after.views.get(view)
