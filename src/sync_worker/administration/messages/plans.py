"""What is said of plans that are not carried out."""

from sync_worker.language import Message

NOTHING_DONE = Message(sv="Inget gjordes.", en="Nothing was done.")
PLAN_UNTRUE = Message(
    sv="Inget gjordes: planen som visades stämmer inte längre.",
    en="Nothing was done: the plan that you saw is not true any more.",
)
