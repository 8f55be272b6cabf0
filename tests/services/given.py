"""Services that somebody else runs: an address in the environment."""

from typing import NoReturn

from kafka import KafkaAdminClient

_NOT_OURS = "a service at an address that was given is left alone"


class GivenBroker:
    """A broker at an address that was given."""

    can_be_disturbed = False

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        admin = KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=10_000)
        self.cluster_id = str(admin.describe_cluster()["cluster_id"])
        admin.close()

    def kill(self) -> NoReturn:
        raise RuntimeError(_NOT_OURS)

    def stop(self) -> NoReturn:
        raise RuntimeError(_NOT_OURS)

    def start(self) -> NoReturn:
        raise RuntimeError(_NOT_OURS)

    def freeze(self) -> NoReturn:
        raise RuntimeError(_NOT_OURS)

    def thaw(self) -> NoReturn:
        raise RuntimeError(_NOT_OURS)

    def restore(self) -> None:
        """Do nothing: nobody broke it."""

    def remove(self) -> None:
        """Do nothing: it is not ours."""


class GivenPostgres:
    """A server at an address that was given; its user must be allowed to create databases."""

    can_be_disturbed = False

    def __init__(self, url: str) -> None:
        self.url = url

    def stop(self, mode: str = "fast") -> NoReturn:
        raise RuntimeError(_NOT_OURS)

    def start(self) -> NoReturn:
        raise RuntimeError(_NOT_OURS)

    def freeze(self) -> NoReturn:
        raise RuntimeError(_NOT_OURS)

    def thaw(self) -> NoReturn:
        raise RuntimeError(_NOT_OURS)

    def restore(self) -> None:
        """Do nothing: nobody broke it."""

    def remove(self) -> None:
        """Do nothing: it is not ours."""
