"""Workers that share a stage, and what is seen of their processes."""

from pathlib import Path

from tests.real.worker.stage import Running, Stage

WORKERS = 3


def started(stage: Stage, count: int = WORKERS, **settings: str) -> list[Running]:
    """Workers that are ready."""
    workers = [stage.start(**settings) for _ in range(count)]
    stage.until_ready(*workers, seconds=90)
    return workers


def memory_kilobytes(worker: Running) -> int:
    """The memory of its own that a process has: neither files nor what it shares."""
    status = Path(f"/proc/{worker.process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("RssAnon:")]
    return int(line.split()[1])
