"""Made-up people may be chosen, on this machine alone."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from sync_worker.config.settings import load_settings
from sync_worker.web.rights import Role
from sync_worker.web.sign_in import from_settings, problems
from sync_worker.web.sign_in.problems import SignInError
from sync_worker.web.sign_in.protocol import Choice


def request(peer: str | None = "127.0.0.1", host: str = "127.0.0.1:8177"):
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "scheme": "http"}
    client = None if peer is None else (peer, 50000)
    headers = [(b"host", host.encode())]
    return Request(scope | {"client": client, "headers": headers, "app": Starlette()})


SETTINGS = load_settings({})
SIGN_IN = from_settings.sign_in(SETTINGS)


def people():
    choice = SIGN_IN.begin(request(), "/")
    assert isinstance(choice, Choice)
    return choice.people


def test_the_people_have_every_role_and_one_has_none():
    table = from_settings.rights_table(SETTINGS)
    rights = [table.rights(person.identity.claims) for person in people()]
    assert {role for right in rights for role in right.roles} == set(Role)
    assert sum(not right for right in rights) == 1


def test_who_is_chosen_is_signed_in():
    for person in people():
        signed_in = SIGN_IN.finish(request(), {"person": person.key, "next": "/"})
        assert signed_in.identity == person.identity


@pytest.mark.parametrize("given", [{}, {"person": ""}, {"person": "nobody"}])
def test_nobody_is_signed_in_who_is_not_on_the_list(given):
    with pytest.raises(SignInError) as raised:
        SIGN_IN.finish(request(), given)
    assert raised.value.problem is problems.REFUSED


@pytest.mark.parametrize("peer", [None, "127.0.0.1", "::1", "testclient"])
def test_this_machine_may_choose(peer):
    assert SIGN_IN.begin(request(peer), "/")


@pytest.mark.parametrize(
    "elsewhere", [request("10.0.0.1"), request(host="sida.exempel.invalid"), request("fd00::1")]
)
def test_other_machines_may_not_choose(elsewhere):
    for step in (lambda: SIGN_IN.begin(elsewhere, "/"), lambda: SIGN_IN.finish(elsewhere, {})):
        with pytest.raises(SignInError) as raised:
            step()
        assert raised.value.problem is problems.UNTRUSTED


def test_there_is_nowhere_else_to_sign_out():
    assert SIGN_IN.sign_out_url(None) is None
    assert SIGN_IN.origins() == ()


def test_only_the_session_says_who_a_request_is_from():
    assert SIGN_IN.named_actor(request()) is None
