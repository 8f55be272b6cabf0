"""Keeps 1177's complaints registry true to the events of the e-services."""


def __getattr__(name: str) -> str:
    """`__version__` is that of what is installed. Finding it is slow: only when somebody asks."""
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import version  # noqa: PLC0415

    return version("sync-worker")
