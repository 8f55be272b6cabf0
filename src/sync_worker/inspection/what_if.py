"""What would become of a clinic if a condition that it does not meet were met. Pure.

Each is judged by the rule that the status follows from, with that one condition turned.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sync_worker.administration.messages import explanations as says
from sync_worker.administration.messages.refusals import REFUSALS
from sync_worker.domain.admission import Refusal
from sync_worker.domain.clinic_status import Status, StatusCondition, StatusConditions
from sync_worker.domain.facts import Fact
from sync_worker.inspection.wording import joined
from sync_worker.language import FilledMessage, Message


class WhatIf(NamedTuple):
    """A clinic as it is now, and what would become of it."""

    conditions: StatusConditions
    is_region_known: bool

    def if_met(self, condition: StatusCondition) -> dict[str, Any] | None:
        """If this condition were met; None where it is."""
        if condition not in self.conditions.unmet():
            return None
        return self.becoming(self.conditions.turned(condition), says.IF_MET[condition])

    def if_added(self, refusal: Refusal | None) -> dict[str, Any] | None:
        """If an administrator added it, who is refused for this reason, if any."""
        if_added = self.if_met(StatusCondition.REGISTERED)
        if if_added is None or refusal is None:
            return if_added and {**if_added, "refused": None}
        text = says.CANNOT_BE_ADDED(why=REFUSALS[refusal].why)
        return {"status": self.conditions.status().value, "text": text, "refused": refusal.value}

    def if_region_stated(self) -> dict[str, Any] | None:
        """If it were in a region whose service is on; None where its region is known."""
        if self.is_region_known:
            return None
        stated = self._replace(is_region_known=True)
        after = self.conditions.turned(StatusCondition.SERVICE_ON)
        return stated.becoming(after, says.IF_REGION_STATED)

    def if_approved(
        self, held: Iterable[Mapping[str, Any]], service_on: Iterable[str]
    ) -> dict[str, Any]:
        """If all that is held were approved; `service_on` are the regions with a board."""
        after = self.conditions
        for each in held:
            match each["fact"]:
                case Fact.ACTIVATION:
                    after = after._replace(activated=each["value"])
                case Fact.REGION:
                    after = after._replace(service_on=each["value"] in service_on)
        return self.becoming(after, says.IF_APPROVED)

    def becoming(self, after: StatusConditions, if_so: Message) -> dict[str, Any]:
        """What it results in if its conditions become these; `if_so` says how they would."""
        return {"status": after.status().value, "text": if_so(result=self._result(after))}

    def _result(self, after: StatusConditions) -> FilledMessage:
        was_receiving = self.conditions.status() is Status.RECEIVING
        unmet = after.unmet()
        if not unmet:
            return says.RECEIVES_STILL() if was_receiving else says.RECEIVES_AT_ONCE()
        missing = joined([self._missing(condition) for condition in unmet])
        return (says.STOPS if was_receiving else says.WAITS_STILL)(missing=missing)

    def _missing(self, condition: StatusCondition) -> FilledMessage:
        if condition is StatusCondition.SERVICE_ON and not self.is_region_known:
            return says.MISSING_REGION()
        return says.MISSING[condition]()
