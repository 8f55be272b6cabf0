"""A Kafka broker for tests: one node, KRaft, on 127.0.0.1, started and mistreated at will."""

import base64
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from tests.services import jars, processes
from tests.services.waiting import until

MIN_SESSION_TIMEOUT_MS = 1000
_HEAP_MEGABYTES = 512


class Broker(Protocol):
    """What a test can ask of a broker, wherever it runs."""

    @property
    def bootstrap(self) -> str:
        """The address that clients are given."""

    @property
    def cluster_id(self) -> str:
        """The id of the cluster; it lasts as long as the data."""

    @property
    def can_be_disturbed(self) -> bool:
        """Whether the methods below do something; not on a broker that others own."""

    def kill(self) -> None:
        """End it as a power cut would."""

    def stop(self) -> None:
        """End it in order."""

    def start(self) -> None:
        """Start it again on the same data, at the same address; wait until it answers."""

    def freeze(self) -> None:
        """Let it hang: connections stay, nothing is answered."""

    def thaw(self) -> None:
        """Let it go on."""

    def restore(self) -> None:
        """Have it run and answer, whatever was done to it."""

    def remove(self) -> None:
        """End it, and delete its data."""


class Node:
    """A broker as a child process of the test run, not yet started."""

    can_be_disturbed = True

    def __init__(
        self,
        settings: Mapping[str, object],
        listeners: Mapping[str, tuple[str, str]],
        *,
        cluster_id: str = "",
        controller_port: int = 0,
        heap_megabytes: int = _HEAP_MEGABYTES,
    ) -> None:
        """`listeners` are further ones, by name: their address, and the one that is advertised."""
        self._folder = Path(tempfile.mkdtemp(prefix="sync-worker-kafka-"))
        self._class_path = jars.class_path()
        self._heap = f"-Xmx{heap_megabytes}m"
        self.cluster_id = cluster_id or new_cluster_id()
        self.bootstrap = f"127.0.0.1:{processes.free_port()}"
        self._properties = self._folder / "server.properties"
        every = {"PLAINTEXT": (self.bootstrap, self.bootstrap), **listeners}
        port = controller_port or processes.free_port()
        self._properties.write_text(_properties(self._folder, every, port, settings))
        self._process: subprocess.Popen[bytes] | None = None
        tool = [*self._java(), "kafka.tools.StorageTool", "format"]
        processes.run([*tool, "-t", self.cluster_id, "-c", self._properties])

    def start(self) -> None:
        self.launch()
        self.wait_until_started()

    def launch(self) -> None:
        """Start it, and go on at once: one of several starts only beside the others."""
        command = [*self._java(), "kafka.Kafka", self._properties]
        self._seen = self._log.stat().st_size if self._log.exists() else 0
        self._process = processes.start(command, self._log)

    def wait_until_started(self) -> None:
        until(self._has_started, f"the broker to start, see {self._log}", 60)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        self._running().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._running().send_signal(signal.SIGCONT)

    def restore(self) -> None:
        if self._process is None:
            self.start()
        else:
            self.thaw()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            processes.end(self._process, how)
            self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the broker does not run")
        return self._process

    @property
    def _log(self) -> Path:
        return self._folder / "broker.log"

    def _has_started(self) -> bool:
        if self._running().poll() is not None:
            raise RuntimeError(f"the broker ended:\n{self._log.read_text()[-3000:]}")
        return b"Kafka Server started" in self._log.read_bytes()[self._seen :]

    def _java(self) -> list[str | Path]:
        # The first compiler alone: a short-lived server on a shared machine.
        return [
            "java",
            self._heap,
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            self._class_path,
        ]


class NativeBroker(Node):
    """A broker that is a cluster by itself, and runs."""

    def __init__(
        self,
        settings: Mapping[str, object] | None = None,
        listeners: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(settings or {}, listeners or {})
        self.start()


def new_cluster_id() -> str:
    """A random one; never with a dash in front, which tools take for an option."""
    made = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    return "A" + made[1:] if made.startswith("-") else made


def _properties(
    folder: Path,
    listeners: Mapping[str, tuple[str, str]],
    controller_port: int,
    further: Mapping[str, object],
) -> str:
    bound = [f"{name}://{address}" for name, (address, _) in listeners.items()]
    advertised = [f"{name}://{address}" for name, (_, address) in listeners.items()]
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": ",".join([*bound, f"CONTROLLER://127.0.0.1:{controller_port}"]),
        "advertised.listeners": ",".join(advertised),
        "controller.listener.names": "CONTROLLER",
        "log.dirs": folder / "data",
        "auto.create.topics.enable": "false",
        "num.network.threads": 2,
        "num.io.threads": 2,
        # A broker that was killed is let in again when its old session is over.
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 1500,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": MIN_SESSION_TIMEOUT_MS,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 1,
        **further,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
