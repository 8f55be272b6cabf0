"""What is said of the registry as it was."""

from sync_worker.language import Message

EMPTY_LOG = Message(sv="Ändringsloggen är tom.", en="The change log is empty.")
BEFORE_THE_LOG = Message(
    sv="Ändringsloggen börjar {begins}, efter {moment}.",
    en="The change log begins at {begins}, after {moment}.",
)
NOTHING_EARLIER = Message(
    sv="Vad som gällde dessförinnan är inte känt.", en="What was so before that is not known."
)
IN_THE_FUTURE = Message(sv="{moment} har inte varit än.", en="{moment} has not been yet.")
BACKWARDS = Message(
    sv="Perioden slutar {until}, innan den börjar {since}.",
    en="The period ends at {until}, before it begins at {since}.",
)
NAME_A_TIME = Message(
    sv="Ange en tid mellan loggens början och nu.",
    en="Name a time between the beginning of the log and now.",
)
REGISTERED_ALONE = Message(
    sv="Hur det var visas bara för mottagningar som var tillagda.",
    en="What was so is shown only of clinics that were registered.",
)
NOT_LOGGED = Message(
    sv="Det som hände med en mottagning som inte var tillagd finns inte i ändringsloggen.",
    en="What happened to a clinic that was not registered is not in the change log.",
)
UNKNOWN = Message(
    sv="Vad {count} av mottagningarna hade för status är inte känt: de togs bort innan "
    "ändringsloggen sparade vad en borttagen mottagning var.",
    en="The status of {count} of the clinics is not known: they were removed before the change log "
    "kept what a removed clinic was.",
    sv_one="Vad 1 av mottagningarna hade för status är inte känt: den togs bort innan "
    "ändringsloggen sparade vad en borttagen mottagning var.",
    en_one="The status of 1 of the clinics is not known: it was removed before the change log kept "
    "what a removed clinic was.",
)
NO_CLOSURES = Message(
    sv="Alla tillagda mottagningar kunde ta emot ärenden hela tiden.",
    en="All registered clinics could receive cases all the time.",
)
