"""What is said where a process cannot listen on the port that it should."""

from sync_worker.errors import Exit, Hint, UserError


def not_listening(host: str, port: int, error: OSError, *, why: str, hint: Hint) -> UserError:
    """The error to raise: `why` says what is served there."""
    return UserError(
        Exit.USAGE,
        f"{place(host, port)} cannot be listened on: {error.strerror}.",
        why=why,
        hint=hint,
        code="configuration",
    )


def place(host: str, port: int) -> str:
    """A host and a port as people write them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
