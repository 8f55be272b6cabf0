"""What is said of plans that are not carried out."""

from sync_worker.language import Message

NOTHING_CHANGED = Message(sv="Ingenting ändrades.", en="Nothing was changed.")
PLAN_OUTDATED = Message(
    sv="Ingenting ändrades: planen som visades är inaktuell.",
    en="Nothing was changed: the plan that was shown is out of date.",
)
TOO_MANY_ROWS = Message(
    sv="Listan har {count} rader, men högst {most} kan göras på en gång.",
    en="The list has {count} rows, but no more than {most} can be done at once.",
)
SPLIT = Message(
    sv="Dela upp listan, eller vänd dig till supporten.",
    en="Divide the list, or ask support.",
)
