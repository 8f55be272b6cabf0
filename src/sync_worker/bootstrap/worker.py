"""The worker."""

from sync_worker import bootstrap
from sync_worker.bootstrap.operations import codec
from sync_worker.bootstrap.registry import limits
from sync_worker.config.settings import Settings
from sync_worker.pipeline.apply import Applier
from sync_worker.pipeline.listener import PipelineListener
from sync_worker.pipeline.retry import RetryPolicy
from sync_worker.pipeline.worker import Worker
from sync_worker.registry.database import Registry


def worker(
    settings: Settings, opened: Registry, progress: PipelineListener, policy: RetryPolicy
) -> Worker:
    """A worker; the policy says how long it waits for what is away."""
    applier = Applier(opened, codec(settings), bootstrap.now, limits(settings))
    return Worker(opened, applier, progress, policy, settings.batch_max_records)
