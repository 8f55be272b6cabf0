"""The catalogue's modules that templates name their texts by: `texts.region.HEADING`."""

from collections.abc import Mapping
from types import ModuleType

from sync_worker.administration.messages import explanations
from sync_worker.administration.messages.page import (
    accessibility,
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
from sync_worker.administration.messages.page import help as help_page

MODULES: Mapping[str, ModuleType] = {
    "accessibility": accessibility,
    "adding": adding,
    "clinic": clinic,
    "common": common,
    "explanations": explanations,
    "failures": failures,
    "help": help_page,
    "imports": imports,
    "operations": operations,
    "log": log,
    "region": region,
    "session": session,
    "support": support,
}
