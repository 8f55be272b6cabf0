"""What is said of plans that are not carried out."""

from sync_worker.language import Message

NOTHING_CHANGED = Message(sv="Ingenting ändrades.", en="Nothing was changed.")
PLAN_OUTDATED = Message(
    sv="Ingenting ändrades: planen som visades är inaktuell.",
    en="Nothing was changed: the plan that was shown is out of date.",
)
