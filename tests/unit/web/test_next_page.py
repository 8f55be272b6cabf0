"""Signing in leads to a page of ours, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Mount, Route

from sync_worker.web.sign_in import next_page


def page(request):
    """Never called."""


ROUTES = [
    Route("/", page),
    Route("/region", page),
    Route("/logga-ut", page, methods=["POST"]),
    Mount("/static", routes=[Route("/{file}", page)]),
]


@pytest.mark.parametrize("target", ["/", "/region", "/region?kod=01", "/region?q=%C3%A5&sida=2"])
def test_a_page_of_ours_is_led_to(target):
    assert next_page.checked(target, ROUTES) == target


@pytest.mark.parametrize(
    "target",
    [
        *("", "region", "//evil.invalid", "/\\evil.invalid", "/%2f%2fevil.invalid"),
        *("/%5cevil.invalid", "///evil.invalid", "https://evil.invalid/region", "/nothing"),
        *("/logga-ut", "/region\n", "/region%0d%0aSet-Cookie:a", "javascript:alert(1)"),
        *("/\t/evil.invalid", "/region#x", "/region?a#x", "/region?" + "a" * 1000, "/region/"),
    ],
)
def test_anything_else_leads_to_the_first_page(target):
    assert next_page.checked(target, ROUTES) == "/"


@given(st.text(st.sampled_from("/\\%2f5ceviregon?#:.@\t\n å"), max_size=20))
def test_any_target_stays_here(target):
    checked = next_page.checked("/" + target, ROUTES)
    assert checked.partition("?")[0] in {"/", "/region"} or checked.startswith("/static/")
