"""Services in Docker containers; used where a daemon answers quickly."""

import socket
from pathlib import Path
from urllib.parse import urlparse

import psycopg
from testcontainers.core.container import DockerContainer

from tests.services import processes
from tests.services.broker import new_cluster_id
from tests.services.waiting import until

_KAFKA_IMAGE = "apache/kafka:4.1.0"
_POSTGRES_IMAGE = "postgres:18"
_SOCKET = Path("/var/run/docker.sock")


def daemon_answers(docker_host: str | None) -> bool:
    """Whether a Docker daemon can be reached within a second."""
    if docker_host is not None and urlparse(docker_host).scheme == "tcp":
        address = urlparse(docker_host)
        try:
            socket.create_connection((address.hostname, address.port or 2375), 1).close()
        except OSError:
            return False
        return True
    path = urlparse(docker_host).path if docker_host else str(_SOCKET)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        return client.connect_ex(path) == 0


class _Contained:
    """A container that keeps its address and its data from one start to the next."""

    can_be_disturbed = True

    def __init__(self, container: DockerContainer) -> None:
        self._container = container.start()

    def kill(self) -> None:
        self._container.get_wrapped_container().kill("SIGKILL")
        self._container.get_wrapped_container().wait()

    def freeze(self) -> None:
        self._container.get_wrapped_container().pause()

    def thaw(self) -> None:
        self._container.get_wrapped_container().unpause()

    def start(self) -> None:
        self._container.get_wrapped_container().start()

    def restore(self) -> None:
        inside = self._container.get_wrapped_container()
        inside.reload()
        if inside.status == "paused":
            inside.unpause()
        elif inside.status != "running":
            self.start()

    def remove(self) -> None:
        self._container.stop(force=True)


class ContainerBroker(_Contained):
    """A broker in a container, its port the same inside and outside."""

    def __init__(self) -> None:
        port = processes.free_port()
        self.bootstrap = f"127.0.0.1:{port}"
        self.cluster_id = new_cluster_id()
        container = DockerContainer(_KAFKA_IMAGE).with_bind_ports(port, port)
        for name, value in _environment(port, self.cluster_id).items():
            container = container.with_env(name, value)
        super().__init__(container)
        self._wait(port)

    def stop(self) -> None:
        self._container.get_wrapped_container().stop()

    def start(self) -> None:
        super().start()
        self._wait(int(self.bootstrap.rpartition(":")[2]))

    def _wait(self, port: int) -> None:
        def listens() -> bool:
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", port)) == 0

        def started() -> bool:
            logs = self._container.get_wrapped_container().logs(tail=50)
            return b"Kafka Server started" in logs and listens()

        until(started, "the broker's container to start", 120)


class ContainerPostgres(_Contained):
    """A server in a container."""

    def __init__(self) -> None:
        port = processes.free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        container = DockerContainer(_POSTGRES_IMAGE).with_bind_ports(5432, port)
        container.with_command("postgres -c max_prepared_transactions=10")
        super().__init__(container.with_env("POSTGRES_HOST_AUTH_METHOD", "trust"))
        until(self._answers, "the server's container to answer", 120)

    def stop(self, mode: str = "fast") -> None:
        how = {"smart": "SIGTERM", "fast": "SIGINT", "immediate": "SIGQUIT"}[mode]
        self._container.get_wrapped_container().kill(how)
        self._container.get_wrapped_container().wait()

    def start(self) -> None:
        super().start()
        until(self._answers, "the server's container to answer", 60)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _environment(port: int, cluster_id: str) -> dict[str, str]:
    return {
        "CLUSTER_ID": cluster_id,
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_NODE_ID": "1",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:29093",
        "KAFKA_LISTENERS": f"PLAINTEXT://0.0.0.0:{port},CONTROLLER://localhost:29093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_BROKER_HEARTBEAT_INTERVAL_MS": "500",
        "KAFKA_BROKER_SESSION_TIMEOUT_MS": "1500",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS": "1",
        "KAFKA_HEAP_OPTS": "-Xmx512m",
    }
