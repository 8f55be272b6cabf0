"""Whom the change log can name: what each way of signing in asks of the name that it is given."""

from sync_worker.web.sign_in.problems import NOBODY, SignInError

MAX_CHARACTERS = 64


def checked(given: object, source: str) -> str:
    """The name, without the blanks around it; `source` says in the log where it comes from.

    Raises:
        SignInError: it names nobody.
    """
    actor = given.strip() if isinstance(given, str) and given.isprintable() else ""
    if not actor:
        raise SignInError(NOBODY, f"{source} names nobody")
    if len(actor) > MAX_CHARACTERS:
        raise SignInError(NOBODY, f"{source} is too long")
    return actor
