"""Measures the administrators' page: `python -m bench.web`.

How long a page of a hundred clinics takes among many; a file of thousands, planned and done; a plan
that is confirmed a thousand times at once in two processes; and memory under people who press.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median

import httpx2

from bench import page_site, say
from bench.page_site import PageSite, hsa_id

MOST_OF_PAGE = 0.1
MOST_OF_IMPORT = 5.0
MOST_MEGABYTES = 300.0
_PAGES = 50
_REGION = "01"
_LIST = f"/region?kod={_REGION}"
_ROWS_AT_ONCE = 100
"""Of the plan that is confirmed by many."""
_PRESSES = 10
"""Of each of the people."""


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 where all goals were reached, 3 where one was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.web", description=__doc__)
    parser.add_argument("--clinics", type=int, default=50_000, help="how many there are")
    parser.add_argument("--rows", type=int, default=5_000, help="of the file")
    parser.add_argument("--confirms", type=int, default=1_000, help="of one plan at once")
    parser.add_argument("--people", type=int, default=50, help="who press at once")
    parser.add_argument("--postgres", action="store_true", help="instead of SQLite")
    sizes = parser.parse_args(arguments)
    with page_site.opened(sizes.clinics, 2, on_postgres=sizes.postgres) as site:
        kind = "PostgreSQL" if sizes.postgres else "SQLite"
        say(f"{sizes.clinics} clinics on {kind}, two processes of the page.")
        reached = [
            _page(site),
            _import(site, _not_registered(sizes.rows)),
            _at_once(site, sizes.confirms, _not_registered(sizes.rows + _ROWS_AT_ONCE)),
            _memory(site, sizes.people),
        ]
    return 0 if all(reached) else 3


def _not_registered(rows: int) -> list[str]:
    return [hsa_id(2 * number + 1) for number in range(rows)]


def _page(site: PageSite) -> bool:
    seconds: list[float] = []
    with page_site.browser(site.addresses[0], "dan") as dan:
        cpu_before = site.cpu_seconds()
        for _ in range(_PAGES):
            with _timed(seconds):
                answer = dan.get(_LIST)
            assert answer.text.count('scope="row"') == 100, answer.text
        cpu = (site.cpu_seconds() - cpu_before) / _PAGES
    middle = median(seconds)
    figures = f"median {middle:.3f} s, slowest {max(seconds):.3f} s, CPU at the server {cpu:.3f} s"
    return _goal("a page of 100 clinics", figures, "0.1 s", middle < MOST_OF_PAGE)


def _import(site: PageSite, hsa_ids: Sequence[str]) -> bool:
    before = site.deeds()
    steps: list[float] = []
    with page_site.browser(site.addresses[0], "dan") as dan:
        cpu_before = site.cpu_seconds()
        with _timed(steps):
            plan = _planned(dan, hsa_ids)
        with _timed(steps):
            assert dan.get(plan).status_code == 200
        with _timed(steps):
            answer = dan.post(plan, data={"revision": "1"})
            assert answer.status_code == 303, answer.text
            assert dan.get(plan).status_code == 200
        cpu = site.cpu_seconds() - cpu_before
    given, reviewed, done = steps
    figures = (
        f"given {given:.2f} s, reviewed {reviewed:.2f} s, done and its receipt shown {done:.2f} s, "
        f"CPU at the server {cpu:.2f} s"
    )
    what = f"a file of {len(hsa_ids)} rows"
    is_reached = sum(steps) < MOST_OF_IMPORT and site.deeds() - before == len(hsa_ids)
    return _goal(what, figures, f"{MOST_OF_IMPORT:.0f} s in all", is_reached)


def _at_once(site: PageSite, confirms: int, hsa_ids: Sequence[str]) -> bool:
    with page_site.browser(site.addresses[0], "dan") as dan:
        plan = _planned(dan, hsa_ids[-_ROWS_AT_ONCE:])
    before = site.deeds()
    cookie = page_site.signed_in(site.addresses[0], "dan")
    statuses = asyncio.run(_confirmed(site, cookie, plan, confirms))
    deeds = site.deeds() - before
    figures = f"{deeds} rows done once; answered {dict(sorted(statuses.items()))}"
    what = f"a plan of {_ROWS_AT_ONCE} rows, confirmed {confirms} times at once"
    is_answered = statuses[303] > 0 and statuses.keys() <= {303, 503}
    return _goal(what, figures, "one deed", deeds == _ROWS_AT_ONCE and is_answered)


def _memory(site: PageSite, people: int) -> bool:
    cookie = page_site.signed_in(site.addresses[0], "dan")
    statuses = asyncio.run(_pressed(site, cookie, people))
    peak = site.peak_megabytes()
    figures = f"{peak:.0f} MB at the most; answered {dict(sorted(statuses.items()))}"
    what = f"{people} people who press {_PRESSES} times each"
    is_reached = peak < MOST_MEGABYTES and statuses.keys() <= {200, 303, 503}
    return _goal(what, figures, f"under {MOST_MEGABYTES:.0f} MB", is_reached)


def _planned(dan: httpx2.Client, hsa_ids: Sequence[str]) -> str:
    """The address of the plan that a file becomes."""
    content = "HSA-id\r\n" + "\r\n".join(hsa_ids)
    answer = dan.post(
        "/importera", data={"atgard": "add"}, files={"fil": ("list.csv", content.encode())}
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def _confirmed(site: PageSite, cookie: str, plan: str, confirms: int) -> Counter[int]:
    async with (
        page_site.crowd(site.addresses[0], cookie) as one,
        page_site.crowd(site.addresses[1], cookie) as other,
    ):
        presses = [
            (one, other)[number % 2].post(plan, data={"revision": "1"})
            for number in range(confirms)
        ]
        return Counter(answer.status_code for answer in await asyncio.gather(*presses))


async def _pressed(site: PageSite, cookie: str, people: int) -> Counter[int]:
    async with page_site.crowd(site.addresses[0], cookie) as crowd:

        async def press(person: int) -> list[int]:
            statuses = []
            for number in range(_PRESSES):
                form = {"kod": _REGION, "hsa-id": hsa_id(2 * (person + people * number))}
                path = "/mottagning/lagg-till"
                is_look = (person + number) % 5
                answer = await (crowd.get(_LIST) if is_look else crowd.post(path, data=form))
                statuses.append(answer.status_code)
            return statuses

        each = await asyncio.gather(*(press(person) for person in range(people)))
        return Counter(status for statuses in each for status in statuses)


@contextmanager
def _timed(seconds: list[float]) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds.append(time.perf_counter() - began)


def _goal(what: str, figures: str, goal: str, is_reached: bool) -> bool:
    say(f"{what}: {figures} (goal: {goal}{'' if is_reached else '; MISSED'})")
    return is_reached


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
