"""The page as a process: how it starts, ends, logs, and runs beside others like it."""

import signal
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from tests.harness.command import Installed
from tests.harness.page_process import FROM_HERE, PageProcess, answer
from tests.services.processes import free_port
from tests.services.waiting import until
from tests.worlds.plans import A, known

from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine

Start = Callable[..., PageProcess]
PERSON = "person=anna"
FORM = f"kod=01&hsa-id={A}&anledning=Order+17"


@pytest.fixture
def start(installed: Installed) -> Iterator[Start]:
    started: list[PageProcess] = []

    def begin(**given: str) -> PageProcess:
        started.append(PageProcess(installed, **given))
        return started[-1]

    yield begin
    for page in started:
        page.kill()


@pytest.fixture
def registry(installed: Installed) -> Iterator[Registry]:
    registry = Registry(open_engine(f"sqlite:///{installed.database}"))
    yield registry
    registry.close()


def begun(page: PageProcess, path: str, form: str, **headers: str) -> HTTPConnection:
    """A connection whose form the page has begun to read, and which is still to be sent."""
    connection = page.connection()
    connection.putrequest("POST", path)
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(form))}
    for name, value in {"Expect": "100-continue", **kind, **headers, **FROM_HERE}.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 100"), "it waits for the form now"
    return connection


def additions(installed: Installed) -> int:
    with sqlite3.connect(installed.database) as connection:
        query = "SELECT count(*) FROM change_log WHERE change = 'registered'"
        [count] = connection.execute(query).fetchone()
    connection.close()
    return int(count)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_ends_with_0_and_says_so(start, number):
    page = start().wait()
    assert page.get("/readyz").text == "ok\n"
    assert page.end(number) == 0, page.output
    started, *_, stopped = page.events
    assert started["event"] == "started"
    assert started["page"] == page.environment["SYNC_WORKER_WEB_BASE_URL"]
    assert (started["sign_in"], started["version"]) == ("dev", stopped["version"])
    assert (stopped["event"], stopped["signal"]) == ("stopped", number.name)
    assert stopped["is_finished"] is True


def test_a_request_in_progress_is_answered_before_the_end(start, registry, installed):
    known(registry, A)
    page = start().wait()
    connection = begun(page, "/mottagning/lagg-till", FORM, Cookie=page.sign_in("anna"))
    page.process.send_signal(signal.SIGTERM)
    until(page.refuses, "the page to take nobody else")
    connection.send(FORM.encode())
    assert answer(connection).status == 303
    assert page.process.wait(30) == 0, page.output
    assert additions(installed) == 1


def test_a_crowd_is_told_when_to_come_back(start):
    page = start().wait()
    with ExitStack() as open_ones:
        waiting = [
            open_ones.enter_context(closing(begun(page, "/logga-in/klar", PERSON)))
            for _ in range(100)
        ]
        given = page.get("/region?kod=01")
        assert given.status == 503
        assert given.headers["retry-after"] == "10"
        assert "Många använder sidan just nu. Inget ändrades." in given.text
        assert "default-src 'none'" in given.headers["content-security-policy"]
        assert page.get("/readyz").status == 200
        waiting[0].send(PERSON.encode())
        assert answer(waiting[0]).status == 303
        assert page.get("/region?kod=01").status == 401


def test_two_processes_share_sessions_and_do_a_deed_once(start, registry, installed):
    known(registry, A)
    one, other = start(), start()
    cookie = one.wait().sign_in("anna")
    assert other.wait().get("/region?kod=01", Cookie=cookie).status == 200
    one.kill()
    deed = {"kod": "01", "hsa_id": A, "anledning": "Order 17"}
    third = start().wait()
    assert [page.post("/mottagning/lagg-till", cookie=cookie, **deed).status
            for page in (other, third)] == [303, 303]  # fmt: skip
    assert additions(installed) == 1
    other.post("/logga-ut", cookie=cookie)
    assert third.get("/region?kod=01", Cookie=cookie).status == 401


def test_a_plan_confirmed_at_two_processes_is_done_once(start, registry, installed):
    known(registry, A)
    one, other = start(), start()
    cookie = one.wait().sign_in("anna")
    given = one.upload("/importera", A.encode(), cookie=cookie, atgard="add", anledning="17")
    assert given.status == 303, given.text
    plan = given.headers["location"]
    with ThreadPoolExecutor(2) as both:
        confirmed = [both.submit(page.post, plan, cookie=cookie, revision="1")
                     for page in (one, other.wait())]  # fmt: skip
    assert [each.result().status for each in confirmed] == [303, 303]
    receipts = [page.get(plan, Cookie=cookie) for page in (one, other)]
    assert [receipt.status for receipt in receipts] == [200, 200]
    assert additions(installed) == 1


def test_a_port_in_use_is_refused_in_words(start, installed):
    page = start().wait()
    told = installed("web", **page.environment)
    assert (told.exit_code, told.stdout) == (2, "")
    [line] = told.stderr.splitlines()
    place = f"127.0.0.1:{page.port}"
    assert f'"error": "{place} cannot be listened on: Address already in use."' in line
    assert '"event": "refused"' in line
    assert f"{place} cannot" in installed("-o", "json", "web", **page.environment).error_text


def test_metrics_have_a_port_of_their_own(start):
    port = free_port()
    page = start(SYNC_WORKER_WEB_METRICS_PORT=str(port)).wait()
    page.get("/livez")
    assert page.get("/metrics").status == 404
    page.port = port
    given = page.get("/metrics")
    assert given.status == 200
    assert 'requests_total{method="get",route="/livez",status="2xx"} 1.0' in given.text
    assert page.get("/livez").status == 404, "metrics alone"


def test_it_listens_on_ipv6(start):
    page = start(host="::1").wait()
    assert page.get("/livez").text == "ok\n"
    assert page.get("/").status == 401
    assert page.events[0]["listens"] == f"[::1]:{page.port}"


def test_a_signal_that_comes_early_counts(start):
    page = start()
    maps = Path(f"/proc/{page.process.pid}/maps")
    until(lambda: "pydantic_core" in maps.read_text(), "the imports", pause_seconds=0.002)
    assert page.end() in (0, 130), page.output


def test_probes_are_not_logged_and_people_are_not_named(start):
    page = start().wait()
    cookie = page.sign_in("anna")
    page.get("/livez")
    page.get("/readyz")
    page.get("/region?kod=01&sok=Hemlig", Cookie=cookie)
    assert page.end() == 0
    routes = [event["route"] for event in page.events if event["event"] == "request"]
    assert routes == ["/logga-in/klar", "/region"]
    assert "Hemlig" not in page.output
    assert "SE2321000016-ADM" not in page.output


def test_an_unavailable_database_is_no_reason_to_end(start):
    nobody = f"postgresql://anybody@127.0.0.1:{free_port()}/registry"
    page = start(SYNC_WORKER_DATABASE_URL=nobody).wait()
    assert page.events[0]["event"] == "database_unavailable"
    assert page.get("/livez").status == 200
    assert page.get("/readyz").status == 503
    given = page.get("/region?kod=01")
    assert (given.status, given.headers["retry-after"]) == (503, "10")
    assert "Det går inte just nu" in given.text
    assert page.end() == 0, page.output


def test_a_missing_database_is_a_refusal_of_the_log(installed):
    told = installed("web", SYNC_WORKER_DATABASE_URL="sqlite:///nowhere.db")
    assert told.exit_code == 2
    assert '"event": "refused"' in told.stderr.splitlines()[-1]
