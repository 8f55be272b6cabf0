"""What reads records again, beside the worker."""

from datetime import timedelta

from sync_worker import bootstrap
from sync_worker.bootstrap.registry import limits, regions
from sync_worker.config.settings import Settings
from sync_worker.events.decoder import EventDecoder
from sync_worker.operations.reapply import Parts
from sync_worker.operations.stream_fold import Judge
from sync_worker.pipeline.retry import Retrier
from sync_worker.registry.database import Registry


def codec(settings: Settings) -> EventDecoder:
    """What judges records."""
    return judge(settings).codec()


def judge(settings: Settings) -> Judge:
    """What a codec is made of, to be handed to another process."""
    max_future = timedelta(minutes=settings.events_max_future_minutes)
    return Judge(settings.kafka_activation_topic, regions(settings), max_future)


def parts(settings: Settings, opened: Registry, patience: Retrier) -> Parts:
    """What does things again, beside the worker."""
    return Parts(opened, codec(settings), limits(settings), bootstrap.now, patience)
