"""Whether a cluster is a development one: it and all its brokers are on this machine.

A tunnel to another cluster begins on this machine too; its brokers tell where they really are.
"""

import ipaddress
import re
from collections.abc import Iterable

_PORT = re.compile(r":[0-9]+$")


def is_local_cluster(bootstrap_servers: str, brokers: Iterable[str]) -> bool:
    """Whether all of these hosts are this machine, by their names alone: none is looked up."""
    given = [_host(server) for server in bootstrap_servers.split(",")]
    return all(map(is_loopback, [*given, *brokers]))


def _host(server: str) -> str:
    server = server.strip()
    if server.startswith("["):
        return server[1:].partition("]")[0]
    return _PORT.sub("", server)


def is_loopback(host: str) -> bool:
    """Whether a host's name or address can be nobody else."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
