"""A schema to which everybody may add, as `public` was before PostgreSQL 15, and who uses that."""

from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.builders import activated, numbered, write_archive
from tests.real.roles.world import ACTIVE, BOARD, settings
from tests.services.postgres import create_database, drop_database

REVOKED = 'REVOKE CREATE ON SCHEMA "public" FROM PUBLIC'
PLANTED_FUNCTIONS = ("hashtext(varchar)", "upper(varchar)", "length(varchar)", "lower(varchar)")
PLANTED_OPERATORS = (
    *("= (text, varchar)", "= (varchar, text)", "= (varchar, varchar)", "= (name, varchar)"),
    *("= (name, text)", "= (oid, regclass)", "<> (text, varchar)", "= (text, name)"),
)


@pytest.fixture
def server(postgres, template):
    """The server's superuser, in a database of it where everybody may add to `public`."""
    name = f"open_{uuid4().hex[:8]}"
    url = create_database(postgres.url, name)
    keeper, mallory = (f"{who}_{name}" for who in ("keeper", "mallory"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SCHEMA public OWNER TO CURRENT_USER")
        connection.execute("GRANT ALL ON SCHEMA public TO PUBLIC")
        for user in (keeper, mallory):
            made = sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'made-up'")
            connection.execute(made.format(sql.Identifier(user)))
        yield connection
    drop_database(postgres.url, name)
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        for user in (keeper, mallory):
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(user)))


def url_of(server, who):
    address = make_url(f"postgresql://{server.info.host}:{server.info.port}/{server.info.dbname}")
    user = f"{who}_{server.info.dbname}"
    return address.set(username=user, password="made-up").render_as_string(hide_password=False)


@pytest.fixture
def keeper(server, monkeypatch, tmp_path, sync_worker):
    """The tables' owner, who owns neither their schema nor the database."""
    monkeypatch.chdir(tmp_path)
    settings(monkeypatch, url_of(server, "keeper"))
    assert sync_worker("db", "upgrade", "-q").exit_code == 0


@pytest.fixture
def loot(server, keeper):
    """What ran with somebody else's rights: each planted function says so, and empties the log."""
    with psycopg.connect(url_of(server, "mallory"), autocommit=True) as mallory:
        mallory.execute("CREATE TABLE public.loot (who text, what text)")
        mallory.execute("GRANT ALL ON public.loot TO PUBLIC")
        for name in PLANTED_FUNCTIONS:
            mallory.execute(planted(name, "int"))
        for number, operator in enumerate(PLANTED_OPERATORS):
            name, _, types = operator.partition(" ")
            left, right = types.strip("()").split(", ")
            mallory.execute(planted(f"evil_{number}({left}, {right})", "boolean"))
            mallory.execute(
                f"CREATE OPERATOR public.{name} (FUNCTION = public.evil_{number},"
                f" LEFTARG = {left}, RIGHTARG = {right})"
            )

    def call():
        taken = server.execute("SELECT * FROM public.loot").fetchall()
        return [row for row in taken if not row[0].startswith("mallory")]

    return call


def planted(signature, returns):
    return (
        f"CREATE FUNCTION public.{signature} RETURNS {returns} LANGUAGE plpgsql AS $$ BEGIN"
        f" INSERT INTO public.loot VALUES (current_user, '{signature}');"
        f" RETURN NULL; END $$"
    )


@pytest.mark.usefixtures("keeper")
def test_roles_are_refused_while_everybody_may_add_to_the_schema(server, sync_worker):
    done = sync_worker("db", "roles", "--apply", "-o", "json")
    assert done.exit_code == 4
    error = done.error
    assert error["code"] == "open_schema"
    assert "everybody may add to the schema" in error["message"]
    assert f"{REVOKED}; then the same command again" in error["hint"]
    assert f"As {server.info.user} or a superuser" in error["hint"]
    may = "SELECT has_table_privilege('complaints_reader', 'public.complaints_clinic', 'SELECT')"
    assert server.execute(may).fetchone() == (False,)
    server.execute(REVOKED)
    assert sync_worker("db", "roles", "--apply").exit_code == 0
    assert server.execute(may).fetchone() == (True,)


@pytest.mark.usefixtures("keeper")
def test_the_doctor_sees_that_everybody_may_add(server, sync_worker):
    done = sync_worker("doctor", "-o", "json")
    assert done.exit_code == 3
    (check,) = [one for one in done.items if one["id"] == "roles"]
    assert check["status"] == "fail"
    assert REVOKED in check["fix"]
    server.execute(REVOKED)
    (check,) = [one for one in sync_worker("doctor", "-o", "json").items if one["id"] == "roles"]
    assert "may add" not in check["detail"]


def test_nothing_that_a_stranger_planted_ever_runs(server, loot, tmp_path, sync_worker):
    archive = write_archive(
        tmp_path / "stream.jsonl", numbered([activated(ACTIVE, 0, regionCode="01")])
    )
    for line, code in (
        (f"run --archive {archive}", 0),
        (f"boards set 01 {BOARD} --name N --ticket T --yes", 0),
        (f"clinics add {ACTIVE}", 0),
        ("tak list", 0),
        ("db roles", 0),
        ("db roles --apply", 4),
        ("db upgrade", 0),
        ("status", 0),
        ("doctor", 3),
        ("log list", 0),
        ("deadletters list", 0),
        (f"reconcile --against archive:{archive}", 0),
        (f"clinics remove {ACTIVE} --yes", 0),
    ):
        assert sync_worker(*line.split()).exit_code == code, line
        assert loot() == [], line
    logged = "SELECT change FROM public.change_log ORDER BY id"
    assert [row[0] for row in server.execute(logged)] == ["board_set", "registered", "removed"]


def test_what_was_planted_is_refused_with_what_takes_it_away(server, loot, sync_worker):
    server.execute(REVOKED)
    done = sync_worker("db", "roles", "--apply", "-o", "json")
    assert done.exit_code == 4
    error = done.error
    assert "FUNCTION public.hashtext(character varying) by mallory_" in error["message"]
    assert "evil_" not in error["message"]  # nothing of that name is taken for another
    remedies = error["hint"].partition(": ")[2].partition("; then")[0].split("; ")
    for statement in remedies:
        server.execute(statement)
    assert sync_worker("db", "roles", "--apply").exit_code == 0


def test_no_migration_runs_what_was_planted(server, loot, sync_worker):
    server.execute("DELETE FROM public.alembic_version")
    done = sync_worker("db", "upgrade", "-o", "json")
    assert (done.exit_code, "somebody has added to the schema" in done.stderr) == (4, True)
    assert loot() == []
