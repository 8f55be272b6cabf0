"""The catalogue of log events: all names that operators search for in the field `event`.

What each means to whoever is on call stands in docs/operations.md, under Alarms; a test holds the
two together.
"""

from enum import StrEnum


class LogEvent(StrEnum):
    """The names of log events, which never change."""

    # The worker, from its start to its end; the page has some of them too.
    STARTED = "started"
    ASSIGNED = "assigned"
    NOT_READY = "not_ready"
    READY = "ready"
    CAUGHT_UP = "caught_up"
    STOPPED = "stopped"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    INTERRUPTED = "interrupted"
    UNEXPECTED = "unexpected"

    # What it meets on its way.
    DATABASE_UNAVAILABLE = "database_unavailable"
    DATABASE_REFUSED = "database_refused"
    KAFKA_UNAVAILABLE = "kafka_unavailable"
    KAFKA_REFUSED = "kafka_refused"
    CLIENT_REBUILT = "client_rebuilt"
    TOPICS_WITHOUT_ID = "topics_without_id"
    OUTPACED = "outpaced"
    POSITIONS_SET_BACK = "positions_set_back"
    REGISTRY_WENT_BACK = "registry_went_back"
    NOT_REPORTED = "not_reported"
    OPEN_FILES_USED_UP = "open_files_used_up"
    SAMPLING_FAILED = "sampling_failed"

    # What it reads.
    BATCH_APPLIED = "batch_applied"
    PROGRESS = "progress"
    DEAD_LETTERED = "dead_lettered"
    MOVED_WITHOUT_BOARD = "moved_without_board"
    MASS_CHANGE_HELD = "mass_change_held"
    AHEAD_OF_CLOCK = "ahead_of_clock"
    PATIENT_BOARD_NAMED = "patient_board_named"
    UNKNOWN_TYPE = "unknown_type"
    NAME_DROPPED = "name_dropped"

    # What the administrators' page answers.
    REQUEST = "request"
    REQUEST_FAILED = "request_failed"
    SIGN_IN_FAILED = "sign_in_failed"

    # What others say within its process.
    LIBRARY = "library"
    PYTHON_WARNING = "python_warning"
    STDERR = "stderr"

    # Of the log itself.
    LINES_DROPPED = "lines_dropped"
