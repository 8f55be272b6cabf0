"""The pages, a module for each part of the site; the application routes to all of these."""

from sync_worker.web.pages import (
    about,
    adding,
    clinic,
    clinic_list,
    correcting,
    importing,
    imports,
    log,
    operations,
    planned,
    region,
    removing,
    signing,
    start,
    support,
    ticking,
)
from sync_worker.web.routing import Page

PAGES: tuple[Page, ...] = (
    *start.PAGES,
    *region.PAGES,
    *clinic.PAGES,
    *clinic_list.PAGES,
    *adding.PAGES,
    *removing.PAGES,
    *log.PAGES,
    *support.PAGES,
    *operations.PAGES,
    *importing.PAGES,
    *planned.PAGES,
    *correcting.PAGES,
    *imports.PAGES,
    *ticking.PAGES,
    *signing.PAGES,
    *about.PAGES,
)
