"""Why a clinic does, or does not, receive cases: condition by condition, and what would change it.

The status follows from four conditions (`domain/clinic_status.py`); an explanation shows each with
its cause (`causes.py`), and what the status would be if one that is not met were (`what_if.py`). It
also tells what may hide the truth: values that are held, dead letters that name the clinic, and how
far the stream has been read (`freshness.py`).

It is a document: codes and values for programs, and beside them sentences as messages.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from sync_worker.administration.messages import explanations as says
from sync_worker.domain.admission import may_add
from sync_worker.domain.clinic_status import Status, StatusCondition, StatusConditions
from sync_worker.domain.facts import Fact
from sync_worker.domain.regions import Regions
from sync_worker.inspection import causes, freshness
from sync_worker.inspection.causes import Cause
from sync_worker.inspection.what_if import WhatIf
from sync_worker.inspection.wording import joined
from sync_worker.language import FilledMessage
from sync_worker.registry import change_log, clinic_context, queries, registrations


def explain(connection: Connection, hsa_id: str, in_use: Regions) -> dict[str, Any] | None:
    """The explanation of a clinic; None where the e-services never named it."""
    clinic = queries.clinic_shown(connection, hsa_id)
    return None if clinic is None else _Explanation(connection, clinic, in_use).document()


class _Explanation:
    """One clinic's, read from a snapshot."""

    def __init__(self, connection: Connection, clinic: Mapping[str, Any], in_use: Regions) -> None:
        self._connection, self._clinic, self._in_use = connection, clinic, in_use
        self._hsa_id: str = clinic["hsa_id"]
        self._region_code: str | None = clinic["region_code"]
        self._boards = registrations.boards(connection)
        self._history = change_log.of_clinic(connection, self._hsa_id)
        self._eligibility = registrations.read(connection, [self._hsa_id])[self._hsa_id]
        self._conditions = StatusConditions(
            activated=clinic["active"] is True,
            registered=clinic["registered"],
            service_on=self._region_code in self._boards,
            no_own_system=not self._eligibility.has_own_system,
        )
        self._what_if = WhatIf(self._conditions, self._region_code is not None)

    def document(self) -> dict[str, Any]:
        """The whole of it."""
        code = self._region_code
        return {
            "hsa_id": self._hsa_id,
            "name": self._clinic["name"],
            "region_code": code,
            "region_name": self._in_use.name(code) if code and code in self._in_use else None,
            "status": self._clinic["status"],
            "receives_cases": self._clinic["status"] == Status.RECEIVING.value,
            "text": self._summary(),
            "conditions": [
                self._activated(),
                self._registered(),
                self._region_known(),
                self._service_on(),
                self._no_own_system(),
                self._nothing_held(),
            ],
            "held": self._held,
            "dead_letters": freshness.dead_letters(self._connection, self._hsa_id),
            "stream": freshness.stream(self._connection),
            "who": self._who(),
        }

    def _summary(self) -> FilledMessage:
        name, status = self._clinic["name"], Status(self._clinic["status"])
        clinic = says.NAMED(name=name, hsa_id=self._hsa_id) if name else self._hsa_id
        if status is Status.SERVICE_OFF and self._region_code is None:
            return says.NO_REGION_SUMMARY(clinic=clinic)
        return says.SUMMARIES[status](clinic=clinic)

    def _activated(self) -> dict[str, Any]:
        active, cause = self._clinic["active"], self._cause_of(Fact.ACTIVATION)
        text = says.NEVER_ACTIVATED()
        if active is not None:
            text = (says.ACTIVATED if active else says.DEACTIVATED)(cause=cause.text())
        item = _item(StatusCondition.ACTIVATED, active is True, active, cause, text)
        return {**item, "if_met": self._what_if.if_met(StatusCondition.ACTIVATED)}

    def _registered(self) -> dict[str, Any]:
        is_registered = self._conditions.registered
        cause = causes.of_registration(self._clinic, self._history)
        text = (says.REGISTERED if is_registered else says.REMOVED)(cause=cause.text())
        if cause == Cause() and not is_registered:
            text = says.NEVER_REGISTERED()
        refusal = may_add(self._hsa_id, self._eligibility, None).reason
        item = _item(StatusCondition.REGISTERED, is_registered, is_registered, cause, text)
        return {**item, "if_met": self._what_if.if_added(refusal)}

    def _region_known(self) -> dict[str, Any]:
        code, cause = self._region_code, self._cause_of(Fact.REGION)
        text = says.NO_REGION()
        if code is not None and cause.former is not None:
            former = self._region(cause.former)
            text = says.MOVED(region=self._region(code), former=former, cause=cause.text())
        elif code is not None:
            text = says.REGION(region=self._region(code), cause=cause.text())
        item = _item("region_known", code is not None, code, cause, text)
        return {**item, "former": cause.former, "if_met": self._what_if.if_region_stated()}

    def _service_on(self) -> dict[str, Any]:
        code, condition = self._region_code, StatusCondition.SERVICE_ON
        if code is None:
            unknown = _item(condition, False, None, Cause(), says.SERVICE_UNKNOWN())
            return {**unknown, "if_met": None}
        board = self._boards.get(code)
        history = change_log.of_boards(self._connection, code)
        cause = causes.of_service(history, is_on=board is not None)
        text = says.SERVICE_OFF(cause=_behind(cause))
        if board is not None:
            named = {"board": board.name, "board_id": board.hsa_id}
            text = says.SERVICE_ON(cause=_behind(cause), **named)
        value = None if board is None else {"hsa_id": board.hsa_id, "name": board.name}
        item = _item(condition, board is not None, value, cause, text)
        return {**item, "if_met": self._what_if.if_met(condition)}

    def _no_own_system(self) -> dict[str, Any]:
        is_met = self._conditions.no_own_system
        cause = causes.of_own_system(self._history, is_in_tak=not is_met)
        text = (says.NO_OWN_SYSTEM if is_met else says.OWN_SYSTEM)(cause=_behind(cause))
        item = _item(StatusCondition.NO_OWN_SYSTEM, is_met, not is_met, cause, text)
        return {**item, "if_met": self._what_if.if_met(StatusCondition.NO_OWN_SYSTEM)}

    def _nothing_held(self) -> dict[str, Any]:
        """Not a condition of the status: what waits may change it once it is approved."""
        held = self._held
        if not held:
            nothing = _item("nothing_held", True, [], Cause(), says.NOTHING_HELD())
            return {**nothing, "if_met": None}
        text = says.SOMETHING_HELD(changes=joined([each["text"] for each in held]))
        since = Cause(min(each["since"] for each in held))
        item = _item("nothing_held", False, [each["hold_id"] for each in held], since, text)
        return {**item, "if_met": self._what_if.if_approved(held, self._boards)}

    @cached_property
    def _held(self) -> Sequence[dict[str, Any]]:
        return [
            self._held_item(each)
            for each in clinic_context.held_facts(self._connection, self._hsa_id)
        ]

    def _held_item(self, held: Mapping[str, Any]) -> dict[str, Any]:
        fact, since = held["fact"], causes.held_since(held, self._history)
        value = self._region(held["value"]) if fact is Fact.REGION else held["value"]
        text = says.HELD_CHANGE(
            change=says.HELD_VALUES[fact](value=value),
            since=since,
            hold_id=held["hold_id"],
            event=causes.event_named(held["event_id"]),
        )
        names = ("fact", "value", "hold_id", "time", "event_id")
        return {**{name: held[name] for name in names}, "since": since, "text": text}

    def _cause_of(self, fact: Fact) -> Cause:
        stated = self._clinic["facts"][fact]
        return causes.of_fact(
            fact, stated, self._history, is_registered=self._conditions.registered
        )

    def _region(self, code: str) -> FilledMessage | str:
        """A region in words; one that is not in use has a code alone."""
        if code not in self._in_use:
            return code
        return says.REGION_NAMED(name=self._in_use.name(code), code=code)

    def _who(self) -> list[dict[str, Any]]:
        """Who can change what."""
        code = self._region_code
        region = says.ITS_REGION() if code is None else self._region(code)
        return [
            {"who": "e_services", "text": says.WHO_E_SERVICES()},
            {"who": "administrator", "text": says.WHO_ADMINISTRATOR(region=region)},
            {"who": "support", "text": says.WHO_SUPPORT()},
            {"who": "operator", "text": says.WHO_OPERATOR()},
        ]


def _item(
    condition: str, is_met: bool, value: object, cause: Cause | None, text: FilledMessage
) -> dict[str, Any]:
    by = (cause or Cause())._asdict()
    del by["former"]
    return {"condition": str(condition), "met": is_met, "value": value, **by, "text": text}


def _behind(cause: Cause | None) -> FilledMessage | str:
    """A cause behind what is so; nothing where it has always been so."""
    return "" if cause is None else cause.text()
