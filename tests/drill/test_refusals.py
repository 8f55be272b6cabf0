"""Kafka or the database refuses the worker, or the worker refuses to go on with what is there."""

import psycopg
import pytest
from kafka import TopicPartition
from psycopg import sql

from tests.builders import region_changed
from tests.drill.operator import Place
from tests.real.worker.streams import CLINICS
from tests.services.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.drill]

REFUSED = "it-is-there-and-refuses-us"
UP_TO_THE_END = -1
EXITED = "it-refuses-to-start-or-stops-with-exit-code-2"


def ends_with_2(operator, worker, words):
    """The worker ends by itself, and says why; nobody else runs."""
    until(lambda: worker.process.poll() is not None, "the worker to refuse", 60)
    assert worker.process.returncode == 2
    operator.sees(Place.LOG, f'{words}.*"event": "refused"|"event": "refused".*{words}')
    operator.workers.remove(worker)


def is_started_again(operator):
    operator.stage.until_ready(operator.starts())
    operator.sees(Place.STATUS, r"workers +1 ready")


def write_secret(folder, text):
    """As Kubernetes does it: never half of it."""
    new = folder.parent / "new"
    new.write_text(text)
    new.replace(folder / "sync_worker_database_url")


def test_the_database_refuses_the_login(operator, login, tmp_path):
    stage = operator.stage
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    url = f"{login('first-word')}/{stage.database_url.rpartition('/')[2]}"
    write_secret(secrets, url)
    stage.settings |= {"DATABASE_URL": None, "SECRETS_DIR": str(secrets)}
    operator.has_a_worker()
    operator.reads("The database refuses the login", REFUSED)
    operator.does("The password of the worker's user is changed in the database.")
    user = sql.Identifier(url.partition("//")[2].partition(":")[0])
    with psycopg.connect(stage.database_url, autocommit=True) as server:
        server.execute(sql.SQL("ALTER ROLE {} PASSWORD 'second-word'").format(user))
    stage.end_sessions()
    operator.sees(Place.READYZ, "login refused since")
    operator.sees(Place.LOG, '"event": "database_refused"')
    operator.sees(Place.METRICS, 'sync_worker_not_ready{reason="database_refused"} 1.0')
    operator.sees(Place.STATUS, "password authentication failed|login_refused|refuse")
    operator.hears("SyncWorkerNotReady")
    operator.does("The file with the secret is replaced.")
    write_secret(secrets, url.replace("first-word", "second-word"))
    operator.sees(Place.LOG, '"event": "ready"', anew=True)
    operator.sees(Place.STATUS, r"workers +1 ready")
    operator.hears_no_more("SyncWorkerNotReady")


@pytest.mark.brief
def test_retention_that_overtook_the_worker_is_refused(operator):
    worker = operator.has_a_worker()
    stage = operator.stage
    operator.reads("Retention was faster than the worker", EXITED)
    operator.does("While no worker runs, records are published and deleted.")
    assert worker.stop() == 0
    operator.workers.remove(worker)
    stage.send_events([region_changed(CLINICS[2], n, "01", id=f"m{n}") for n in range(50)])
    with stage.admin() as client:
        partitions = [TopicPartition(stage.region, number) for number in range(stage.partitions)]
        client.delete_records(dict.fromkeys(partitions, UP_TO_THE_END))
    operator.sees(Place.STATUS, "needs attention: .*the log begins at offset")
    operator.sees(Place.DOCTOR, "positions +fail|fail +positions")
    operator.does("A worker is started.")
    ends_with_2(operator, operator.starts(), "the log begins at offset")
    operator.hears("SyncWorkerDown")
    operator.types("positions", "reset", "--topic", stage.region, "--to", "earliest", "-y")
    is_started_again(operator)
    operator.hears_no_more("SyncWorkerDown")


def test_a_schema_of_another_revision_is_refused(operator):
    worker = operator.has_a_worker()
    stage = operator.stage
    (row,) = stage.query("SELECT version_num FROM alembic_version")
    operator.reads("The database is at another revision", "upgrading")
    operator.does("A newer program brings the schema to its own revision.")
    stage.execute("UPDATE alembic_version SET version_num = '9999'")
    stage.send_events([region_changed(CLINICS[0], 6000, "01")])
    operator.sees(Place.DOCTOR, "revision +fail|fail +revision")
    ends_with_2(operator, worker, "revision 9999")
    operator.hears("SyncWorkerDown")
    operator.types("db", "current")
    operator.does("The backup from before the upgrade is restored.")
    stage.execute("UPDATE alembic_version SET version_num = %s", row["version_num"])
    is_started_again(operator)
    operator.hears_no_more("SyncWorkerDown")


def test_a_topic_that_was_created_again_is_refused(operator):
    worker = operator.has_a_worker()
    operator.reads("A topic was created again", EXITED)
    operator.does("The topic of moves is deleted, and created again.")
    with operator.stage.admin() as client:
        client.delete_topics([operator.stage.region])
    until(lambda: worker.process.poll() is not None, "the worker to refuse", 60)
    operator.sees(Place.LOG, '"event": "refused"')
    operator.hears("SyncWorkerDown")
    operator.stage.create_topics(operator.stage.region)
    operator.sees(Place.STATUS, "needs attention: .*positions reset")
    operator.types("positions", "reset", "--topic", operator.stage.region, "--to", "earliest", "-y")
    operator.workers.remove(worker)
    operator.stage.until_ready(operator.starts())
    operator.hears_no_more("SyncWorkerDown")
