"""The catalogue's modules that templates name their texts by: `texts.region.HEADING`."""

from collections.abc import Mapping
from types import ModuleType

from sync_worker.administration.messages import explanations
from sync_worker.administration.messages.page import (
    adding,
    clinic,
    common,
    failures,
    imports,
    log,
    operations,
    region,
    session,
    support,
)

MODULES: Mapping[str, ModuleType] = {
    "adding": adding,
    "clinic": clinic,
    "common": common,
    "explanations": explanations,
    "failures": failures,
    "imports": imports,
    "operations": operations,
    "log": log,
    "region": region,
    "session": session,
    "support": support,
}
