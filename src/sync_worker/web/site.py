"""What every page works with: built once, at the start, and the same for all requests."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from structlog.typing import FilteringBoundLogger

from sync_worker.domain.regions import Regions
from sync_worker.registry.database import Registry
from sync_worker.telemetry.page_metrics import PageMetrics
from sync_worker.web.rights import Rights
from sync_worker.web.sign_in.protocol import Identity, SignIn
from sync_worker.web.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Site:
    """The parts that pages are made from."""

    registry: Registry
    regions: Regions
    sign_in: SignIn
    rights_of: Callable[[Identity], Rights]
    """What somebody may, by the claims that they came with; nothing unless a mapping says so."""
    base_url: str
    """The address that browsers use: scheme, host and port, without a slash at its end."""
    now: Callable[[], datetime]
    log: FilteringBoundLogger
    metrics: PageMetrics = field(default_factory=PageMetrics)
    public_body: str | None = None
    """Who answers for the page; the accessibility statement names them (DOS-lagen)."""
    is_development: bool = False
    """Anybody on this machine can sign in as anybody: every page says so."""
    uploads: Uploads = field(default_factory=Uploads)
