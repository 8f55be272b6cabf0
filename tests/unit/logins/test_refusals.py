"""When a refused login is tried again."""

from sync_worker.login_backoff import MAX_WAIT_SECONDS, LoginBackoff


def test_a_refusal_is_tried_ever_more_slowly_with_a_limit():
    told = []
    refusals = LoginBackoff(
        on_refusal=lambda why, since, seconds: told.append((why, since, seconds))
    )
    for _ in range(9):
        refusals.refused("no")
    waits = [seconds for _, _, seconds in told]
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == MAX_WAIT_SECONDS
    assert MAX_WAIT_SECONDS - 1 < refusals.wait_seconds() <= MAX_WAIT_SECONDS
    assert {(why, since) for why, since, _ in told} == {("no", refusals.since)}


def test_another_secret_is_tried_at_once():
    secrets = ["old"]
    refusals = LoginBackoff(lambda: list(secrets))
    for _ in range(8):
        refusals.refused("no")
    secrets[:] = ["new"]
    assert refusals.wait_seconds() == 0


def test_an_accepted_login_resets_the_backoff():
    refusals = LoginBackoff()
    for _ in range(8):
        refusals.refused("no")
    refusals.accepted()
    assert (refusals.since, refusals.wait_seconds()) == (None, 0)
