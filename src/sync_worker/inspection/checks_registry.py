"""The checks of the registry: can it be used, by us, and is there something to be dealt with."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection

from sync_worker.domain.regions import Regions
from sync_worker.inspection import unknown_types
from sync_worker.inspection.ages import age, is_ahead, span
from sync_worker.inspection.doctor import Check, Finding, fail, ok, skip, warn
from sync_worker.inspection.status import MASS_OF_DEAD_LETTERS, left_behind
from sync_worker.registry import dialect, guard_state, holds, queries, registrations, roles, schema
from sync_worker.registry.database import Registry
from sync_worker.remedies import Remedy

_MOVE_TO_UTF8 = (
    "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0; move the registry there with pg_dump "
    "and pg_restore"
)
_LONG_HELD = timedelta(days=1)
_CLOCKS_DIFFER, _CLOCKS_ARE_WRONG = timedelta(seconds=5), timedelta(minutes=1)
_FEW_EVENTS = 20
_LEAST_SILENCE = timedelta(hours=1)
_NAMED = 5
"""So many clinics are named; the commands that are named beside them list all."""
_SILENCE = 3
"""How many times the longest silence among the newest events is unusual."""


@dataclass(frozen=True, slots=True)
class RegistryChecks:
    """What is looked at in one registry, which is opened by the first check."""

    registry: Callable[[], Registry]
    regions: Regions
    clock: Callable[[], datetime]

    def all(self) -> list[Check]:
        """The checks, in the order in which they are told."""
        found = ("database", "revision")
        return [
            Check("database", self._database),
            Check("encoding", self._in(_encoding), ("database",)),
            Check("revision", self._in(_revision), ("database",)),
            Check("roles", self._in(_roles), ("database",)),
            Check("clock", self._in(self._clock), found),
            Check("registrations", self._in(_registrations), found),
            Check("dead_letters", self._in(_dead_letters), found),
            Check("holds", self._in(self._holds), found),
            Check("newest_event", self._in(self._newest_event), found),
            Check("own_system", self._in(_own_system), found),
            Check("boards", self._in(self._boards), found),
            Check("unknown_types", self._in(_unknown_types), found),
        ]

    def _database(self) -> Finding:
        with self.registry().snapshot() as connection:
            return ok(f"{dialect.version(connection)} answers.")

    def _in(self, look: Callable[[Connection], Finding]) -> Callable[[], Finding]:
        def look_in_a_snapshot() -> Finding:
            with self.registry().snapshot() as connection:
                return look(connection)

        return look_in_a_snapshot

    def _clock(self, connection: Connection) -> Finding:
        theirs = dialect.clock(connection)
        if theirs is None:
            return skip("The database has no clock of its own.")
        difference = abs(self.clock() - theirs)
        detail = f"Our clock and the database's differ by {difference.total_seconds():.1f} s."
        fix = "Have both machines' clocks set by NTP."
        if difference > _CLOCKS_ARE_WRONG:
            return fail(detail, fix)
        return warn(detail, fix) if difference > _CLOCKS_DIFFER else ok(detail)

    def _holds(self, connection: Connection) -> Finding:
        opened = queries.open_holds(connection)
        withdrawn = holds.uncorrected(connection, guard_state.WITHDRAWN)
        details = [f"{left_behind(one)}." for one in withdrawn]
        if opened:
            return self._waiting(opened, details)
        if withdrawn:
            return warn(" ".join(details), Remedy.SEE_HOLD(number=withdrawn[0].number))
        return ok("No mass change waits for a person.")

    def _waiting(self, opened: Sequence[tuple[str, datetime]], details: Sequence[str]) -> Finding:
        regions = ", ".join(region for region, _ in opened)
        oldest = min(at for _, at in opened)
        waits = "a mass change waits" if len(opened) == 1 else f"{len(opened)} mass changes wait"
        waiting = f"In region {regions} {waits} for a person, since {oldest:%Y-%m-%dT%H:%M:%SZ}."
        told = fail if self.clock() - oldest > _LONG_HELD else warn
        return told(" ".join([waiting, *details]), Remedy.SEE_HOLDS())

    def _newest_event(self, connection: Connection) -> Finding:
        times, now = queries.newest_event_times(connection), self.clock()
        if times and is_ahead(times[0], now):
            return warn(
                f"The newest event is {age(times[0], now)}: what truly happens to its clinic until "
                "then is older, and passed over.",
                "Have the e-services mend their clock or time zone, and publish corrections with "
                "a later time; the log events ahead_of_clock name the clinics",
            )
        if len(times) < _FEW_EVENTS:
            return skip(f"What is usual shows from {_FEW_EVENTS} events on; there are fewer.")
        silence = max(later - earlier for later, earlier in pairwise(times))
        detail = (
            f"The newest event is {age(times[0], now)}; the longest silence among the last "
            f"{len(times)} was {span(silence)}."
        )
        if now - times[0] > max(_SILENCE * silence, _LEAST_SILENCE):
            return warn(detail, Remedy.ASK_WHETHER_THEY_PUBLISH())
        return ok(detail)

    def _boards(self, connection: Connection) -> Finding:
        boards = registrations.boards(connection)
        registered = {
            code: counts["registered"] for code, counts in queries.regions(connection).items()
        }
        lost = {code: count for code, count in registered.items() if code not in self.regions}
        if lost:
            listed = ", ".join(
                f"{'none' if code is None else shlex.quote(code)} ({n} clinics)"
                for code, n in lost.items()
            )
            odd = next((code for code in lost if code is not None), None)
            return warn(
                f"Registered clinics in regions that are not in use, where nobody can file: "
                f"{listed}.",
                Remedy.LIST_CLINICS()
                if odd is None
                else Remedy.LIST_CLINICS_OF_UNUSED_REGION(region_code=odd),
            )
        closed = {str(code): count for code, count in registered.items() if code not in boards}
        if not closed:
            return ok("Every region with registered clinics has a patient board.")
        listed = ", ".join(f"{code} ({count} clinics)" for code, count in sorted(closed.items()))
        return warn(
            f"Registered clinics in regions without a patient board, where nobody can file: "
            f"{listed}.",
            Remedy.SET_BOARD(region_code=min(closed)),
        )


def _encoding(connection: Connection) -> Finding:
    return encoding_finding(dialect.encoding(connection))


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


def _revision(connection: Connection) -> Finding:
    schema.require_head(connection)
    return ok(f"The schema is at revision {schema.HEAD}, as this program needs it.")


def _roles(connection: Connection) -> Finding:
    role = dialect.role(connection)
    if role is None:
        return skip("SQLite has no roles: file permissions alone.")
    if not dialect.has_table(connection, "alembic_version"):
        return skip("There are no tables yet.")
    what, remedy = roles.open_schema(connection)
    if what:
        said = "; ".join(what)
        return fail(
            f"{said[0].upper()}{said[1:]}: whoever adds a function there can have others run it.",
            f"As the schema's owner or a superuser: {'; '.join(remedy)}",
        )
    work = roles.role_in_use(connection)
    missing = roles.missing(connection, work)
    if missing:
        listed = ", ".join(missing)
        return fail(f"The user {role} lacks, as {work}: {listed}.", Remedy.APPLY_ROLES())
    if work == roles.WORKER and dialect.may(connection, "patient_board", "INSERT, UPDATE, DELETE"):
        return warn(
            f"The user {role} may write patient_board, which support alone should.",
            Remedy.WORK_AS_ROLE(role=roles.WORKER),
        )
    return ok(f"The user {role} has the rights of {work}.")


def _unknown_types(connection: Connection) -> Finding:
    suspects = unknown_types.suspects(connection)
    if not suspects:
        return ok("No topic brings little else than events of unknown types.")
    return warn(
        " ".join(f"{suspect.text[0].upper()}{suspect.text[1:]}." for suspect in suspects),
        Remedy.CORRECT_TYPES(),
    )


def _registrations(connection: Connection) -> Finding:
    drifted = registrations.drifted(connection)
    if not drifted:
        return ok("Each registration is as the change log has it.")
    some = list(drifted.values())[:_NAMED]
    more = f", and {len(drifted) - len(some)} more" if len(drifted) > len(some) else ""
    return fail(
        f"{len(drifted)} registrations are otherwise than the change log has them: "
        f"{'; '.join(map(str, some))}{more}.",
        Remedy.CORRECT_REGISTRATION(hsa_id=some[0].hsa_id),
    )


def _dead_letters(connection: Connection) -> Finding:
    counts = queries.open_dead_letters(connection)
    total = sum(counts.values())
    if not total:
        return ok("No record is set aside.")
    by_reason = ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))
    detail = f"{total} set aside and not dealt with: {by_reason}."
    if total >= MASS_OF_DEAD_LETTERS:
        return fail(
            f"A mass of records is: {detail}",
            Remedy.REDRIVE_DEAD_LETTERS(),
        )
    return warn(detail, Remedy.LIST_DEAD_LETTERS())


def _own_system(connection: Connection) -> Finding:
    both = queries.registered_in_tak(connection)
    if not both:
        return ok("No clinic is both registered here and in TAK.")
    return warn(
        f"Registered here and in TAK, so that they do not receive: {', '.join(both)}.",
        Remedy.REMOVE_CLINIC(hsa_id=both[0]),
    )
