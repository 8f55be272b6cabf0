"""What is on this machine: a development cluster with all its brokers, and a worker to be asked.

A tunnel to another cluster begins on this machine, too; its brokers advertise where they are.
"""

import ipaddress
import re
from collections.abc import Iterable

_PORT = re.compile(r":[0-9]+$")
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where nobody listens here


def is_local_cluster(bootstrap_servers: str, broker_hosts: Iterable[str]) -> bool:
    """Whether all of these hosts are this machine, by their names alone: none is resolved."""
    servers = (server.strip() for server in bootstrap_servers.split(","))
    hosts = [
        server[1:].partition("]")[0] if server.startswith("[") else _PORT.sub("", server)
        for server in servers
    ]
    return all(map(is_loopback, [*hosts, *broker_hosts]))


def address_to_ask(listened_on: str) -> str:
    """Where to reach who listens on an address: on the loopback one if it is every address."""
    return _EVERYWHERE.get(listened_on, listened_on)


def is_loopback(host: str) -> bool:
    """Whether a host's name or address can only be this machine."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
