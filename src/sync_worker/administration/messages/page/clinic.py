"""What stands around the explanation of one clinic; its sentences are in `explanations`."""

from sync_worker.language import Message

CONDITIONS_HEADING = Message(sv="Varför det är så", en="Why that is so")
CONDITION_MET = Message(sv="Uppfyllt", en="Met")
CONDITION_UNMET = Message(sv="Inte uppfyllt", en="Not met")
HELD_HEADING = Message(sv="Väntar på beslut", en="Waits for a decision")
UNREAD_HEADING = Message(sv="Det som inte har kunnat läsas", en="What could not be read")
FRESHNESS_HEADING = Message(sv="Hur aktuellt det är", en="How current this is")
WHO_HEADING = Message(sv="Vem kan ändra vad?", en="Who can change what?")
HISTORY_HEADING = Message(sv="Det här har hänt", en="What has happened")
HISTORY_CAPTION = Message(
    sv="Det som har hänt med mottagningen, det senaste först",
    en="What has happened to the clinic, the newest first",
)
HISTORY_EMPTY = Message(
    sv="Loggen har inget om mottagningen: händelser sparas där från det att den läggs till.",
    en="The log has nothing about the clinic: changes are kept there once it has been added.",
)
ADD_HEADING = Message(sv="Lägg till mottagningen", en="Add the clinic")
REMOVE_HEADING = Message(sv="Ta bort mottagningen", en="Remove the clinic")
BY_EVENT = Message(
    sv="Händelse {event_id}, {topic}, partition {partition}, plats {offset}.",
    en="Event {event_id}, {topic}, partition {partition}, offset {offset}.",
)
