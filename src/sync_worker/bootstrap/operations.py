"""What reads records again, beside the worker."""

from datetime import timedelta
from pathlib import Path

from sync_worker import bootstrap
from sync_worker.bootstrap.registry import limits, regions
from sync_worker.config.settings import Settings
from sync_worker.events.decoder import EventDecoder
from sync_worker.operations.reapply import ReapplyContext
from sync_worker.operations.stream_fold import DecoderSettings, StreamToFold
from sync_worker.pipeline.retry import Retrier
from sync_worker.registry.database import Registry


def decoder(settings: Settings) -> EventDecoder:
    """What decides whether a record is an event that the worker applies."""
    return decoder_settings(settings).decoder()


def decoder_settings(settings: Settings) -> DecoderSettings:
    """What a decoder is made of, to be handed to another process."""
    max_future = timedelta(minutes=settings.events_max_future_minutes)
    return DecoderSettings(settings.kafka_activation_topic, regions(settings), max_future)


def reapply_context(settings: Settings, opened: Registry, retry: Retrier) -> ReapplyContext:
    """What re-applies records, beside the worker."""
    return ReapplyContext(opened, decoder(settings), limits(settings), bootstrap.now, retry)


def stream_to_fold(settings: Settings, archive: Path | None) -> StreamToFold:
    """An archive, or Kafka's topics without one.

    Raises:
        UserError: no bootstrap servers are set, or a file that is named cannot be read.
    """
    open_range = bootstrap.streams.range_opener(settings, archive)
    return StreamToFold(open_range, decoder_settings(settings), can_be_split=archive is None)
