"""The checks of the registry: can this user use it, and does anything in it need attention."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection

from sync_worker.domain.regions import Regions
from sync_worker.inspection import reconciled
from sync_worker.inspection.attention import (
    MANY_DEAD_LETTERS,
    WHAT_MANY_SUGGEST,
    age,
    is_ahead,
    span,
    topics_of_unknown_types,
    withdrawn_hold,
)
from sync_worker.inspection.doctor import Check, Finding, fail, ok, skip, warn
from sync_worker.instants import to_the_second
from sync_worker.language import counted
from sync_worker.registry import (
    dialect,
    guard_state,
    holds,
    queries,
    registrations,
    registry_counts,
    roles,
    schema,
)
from sync_worker.registry.database import Registry
from sync_worker.remedies import Remedy

_MOVE_TO_UTF8 = (
    "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0; move the registry there with pg_dump "
    "and pg_restore"
)
_LONG_HELD = timedelta(days=1)
_CLOCKS_DIFFER, _CLOCKS_ARE_WRONG = timedelta(seconds=5), timedelta(minutes=1)
_ENOUGH_EVENTS = 20
"""To tell from them how long a silence is usual."""
_UNUSUAL_SILENCES = 3
"""So many times the longest silence among the newest events is unusual."""
_SHORTEST_UNUSUAL = timedelta(hours=1)
_MOST_NAMED = 5
"""So many clinics are named; the commands that are named beside them list all."""


@dataclass(frozen=True, slots=True)
class RegistryChecks:
    """What is checked in one registry, which is opened by the first check."""

    registry: Callable[[], Registry]
    regions: Regions
    clock: Callable[[], datetime]

    def all(self) -> list[Check]:
        """The checks, in the order in which they are shown."""
        usable = ("database", "revision")
        return [
            Check("database", self._in(_database)),
            Check("encoding", self._in(_encoding), ("database",)),
            Check("revision", self._in(_revision), ("database",)),
            Check("roles", self._in(_roles), ("database",)),
            Check("clock", self._in(self._clock), usable),
            Check("registrations", self._in(_registrations), usable),
            Check("reconciled", self._in(self._reconciled), usable),
            Check("dead_letters", self._in(_dead_letters), usable),
            Check("holds", self._in(self._holds), usable),
            Check("newest_event", self._in(self._newest_event), usable),
            Check("own_system", self._in(_own_system), usable),
            Check("boards", self._in(self._boards), usable),
            Check("unknown_types", self._in(_unknown_types), usable),
        ]

    def _in(self, look: Callable[[Connection], Finding]) -> Callable[[], Finding]:
        def look_in_a_snapshot() -> Finding:
            with self.registry().snapshot() as connection:
                return look(connection)

        return look_in_a_snapshot

    def _clock(self, connection: Connection) -> Finding:
        database_time = dialect.clock(connection)
        if database_time is None:
            return skip("The database has no clock of its own.")
        difference = abs(self.clock() - database_time)
        seconds = difference.total_seconds()
        detail = f"The clocks of this machine and of the database differ by {seconds:.1f} s."
        fix = "Synchronize both machines' clocks with NTP."
        if difference > _CLOCKS_ARE_WRONG:
            return fail(detail, fix)
        return warn(detail, fix) if difference > _CLOCKS_DIFFER else ok(detail)

    def _reconciled(self, connection: Connection) -> Finding:
        return reconciled.finding(connection, self.clock())

    def _holds(self, connection: Connection) -> Finding:
        opened = registry_counts.open_holds(connection)
        withdrawn = holds.uncorrected(connection, guard_state.WITHDRAWN)
        details = [f"{withdrawn_hold(hold)}." for hold in withdrawn]
        if opened:
            return self._open_holds(opened, details)
        if withdrawn:
            return warn(" ".join(details), Remedy.SEE_HOLD(number=withdrawn[0].number))
        return ok("No mass change waits for approval.")

    def _open_holds(
        self, opened: Sequence[tuple[str, datetime]], details: Sequence[str]
    ) -> Finding:
        regions = ", ".join(region for region, _ in opened)
        oldest = min(opened_at for _, opened_at in opened)
        wait = counted(len(opened), "mass change waits", "mass changes wait")
        detail = f"{wait} for approval, since {to_the_second(oldest)}, in region {regions}."
        finding = fail if self.clock() - oldest > _LONG_HELD else warn
        return finding(" ".join([detail, *details]), Remedy.SEE_HOLDS())

    def _newest_event(self, connection: Connection) -> Finding:
        times, now = registry_counts.newest_event_times(connection), self.clock()
        if times and is_ahead(times[0], now):
            return warn(
                f"The newest event is {age(times[0], now)}: what really happens to its clinic "
                "until then counts as older, and is superseded.",
                "Have the e-services correct their clock or time zone, and publish corrections "
                "with a later time; the log events ahead_of_clock name the clinics",
            )
        if len(times) < _ENOUGH_EVENTS:
            return skip(f"Fewer than {_ENOUGH_EVENTS} events do not show what is usual.")
        silence = max(later - earlier for later, earlier in pairwise(times))
        detail = (
            f"The newest event is {age(times[0], now)}; the longest silence among the last "
            f"{len(times)} was {span(silence)}."
        )
        if now - times[0] > max(_UNUSUAL_SILENCES * silence, _SHORTEST_UNUSUAL):
            return warn(detail, Remedy.ASK_WHETHER_THEY_PUBLISH())
        return ok(detail)

    def _boards(self, connection: Connection) -> Finding:
        boards = registrations.boards(connection)
        registered = {
            code: counts["registered"] for code, counts in queries.regions(connection, None).items()
        }
        not_in_use = {code: n for code, n in registered.items() if code not in self.regions}
        if not_in_use:
            return _regions_not_in_use(not_in_use)
        boardless = {str(code): n for code, n in registered.items() if code not in boards}
        if not boardless:
            return ok("Every region with registered clinics has a patient board.")
        listed = ", ".join(f"{code} ({n} clinics)" for code, n in sorted(boardless.items()))
        return warn(
            "Clinics in regions without a patient board are registered and receive no cases: "
            f"{listed}.",
            Remedy.SET_BOARD(region_code=min(boardless)),
        )


def encoding_finding(encoding: str) -> Finding:
    """Whether a database with this encoding, by PostgreSQL's name, holds every character."""
    if encoding == "UTF8":
        return ok("The database's encoding is UTF-8.")
    if encoding == dialect.NO_ENCODING:
        return warn(
            f"The database's encoding is {encoding}: it holds every character that this program "
            "writes, but does not check what others write, and a search is case-sensitive beyond "
            "ASCII.",
            _MOVE_TO_UTF8,
        )
    return fail(
        f"The database's encoding is {encoding}, which lacks characters: a record that contains "
        "one of them is dead-lettered as database_rejected, and a person's command is refused.",
        _MOVE_TO_UTF8,
    )


def _database(connection: Connection) -> Finding:
    return ok(f"{dialect.version(connection)} answers.")


def _encoding(connection: Connection) -> Finding:
    return encoding_finding(dialect.encoding(connection))


def _revision(connection: Connection) -> Finding:
    schema.require_compatible(connection)
    newer = schema.newer(connection)
    if newer is None:
        return ok(f"The schema is at revision {schema.HEAD}, which this program needs.")
    return warn(
        f"The schema is at revision {newer.revision}, for a later program: version "
        f"{newer.program_version}. This one, for revision {schema.HEAD}, runs beside it.",
        Remedy.FINISH_UPGRADE(version=newer.program_version),
    )


def _roles(connection: Connection) -> Finding:
    login = dialect.role(connection)
    if login is None:
        return skip("SQLite has no roles, only file permissions.")
    if not dialect.has_table(connection, "alembic_version"):
        return skip("There are no tables yet.")
    gaps, statements = roles.open_schema(connection)
    if gaps:
        what = "; ".join(gaps)
        return fail(
            f"{what[0].upper()}{what[1:]}: whoever adds a function there can have others run it.",
            f"As the schema's owner or a superuser: {'; '.join(statements)}",
        )
    role = roles.role_in_use(connection)
    missing = roles.missing(connection, role)
    if missing:
        listed = ", ".join(missing)
        return fail(f"The user {login} lacks rights of {role}: {listed}.", Remedy.APPLY_ROLES())
    if role == roles.WORKER and dialect.may(connection, "patient_board", "INSERT, UPDATE, DELETE"):
        return warn(
            f"The user {login} may write patient_board, which only support should.",
            Remedy.WORK_AS_ROLE(role=roles.WORKER),
        )
    return ok(f"The user {login} has the rights of {role}.")


def _registrations(connection: Connection) -> Finding:
    drifted = list(registrations.drifted(connection).values())
    if not drifted:
        return ok("All registrations agree with the change log.")
    named = "; ".join(map(str, drifted[:_MOST_NAMED]))
    more = f", and {len(drifted) - _MOST_NAMED} more" if len(drifted) > _MOST_NAMED else ""
    differ = counted(len(drifted), "registration differs", "registrations differ")
    return fail(
        f"{differ} from the change log: {named}{more}.",
        Remedy.CORRECT_REGISTRATION(hsa_id=drifted[0].hsa_id),
    )


def _dead_letters(connection: Connection) -> Finding:
    counts = registry_counts.open_dead_letters(connection)
    total = sum(counts.values())
    if not total:
        return ok("No dead letter is open.")
    are_open = counted(total, "dead letter is open", "dead letters are open")
    by_reason = ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))
    detail = f"{are_open}: {by_reason}"
    if total >= MANY_DEAD_LETTERS:
        return fail(f"{detail}; {WHAT_MANY_SUGGEST}.", Remedy.REDRIVE_DEAD_LETTERS())
    return warn(f"{detail}.", Remedy.LIST_DEAD_LETTERS())


def _own_system(connection: Connection) -> Finding:
    in_both = queries.registered_in_tak(connection)
    if not in_both:
        return ok("No clinic is both registered here and in TAK.")
    return warn(
        f"Registered here and also in TAK, and so receiving no cases here: {', '.join(in_both)}.",
        Remedy.REMOVE_CLINIC(hsa_id=in_both[0]),
    )


def _regions_not_in_use(registered: dict[str | None, int]) -> Finding:
    listed = ", ".join(
        f"{'none' if code is None else shlex.quote(code)} ({count} clinics)"
        for code, count in registered.items()
    )
    first = next((code for code in registered if code is not None), None)
    return warn(
        f"Clinics in regions that are not in use are registered and receive no cases: {listed}.",
        Remedy.LIST_CLINICS()
        if first is None
        else Remedy.LIST_CLINICS_OF_UNUSED_REGION(region_code=first),
    )


def _unknown_types(connection: Connection) -> Finding:
    suspects = topics_of_unknown_types(connection)
    if not suspects:
        return ok("No topic consists mostly of events of unknown types.")
    return warn(
        " ".join(f"{suspect.text[0].upper()}{suspect.text[1:]}." for suspect in suspects),
        Remedy.CORRECT_TYPES(),
    )
