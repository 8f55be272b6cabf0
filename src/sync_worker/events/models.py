"""The events of the contract as models; the JSON Schemas are exported from them.

They check what a schema can express as well. What needs more than one field, the list of regions
or the clock is checked by the decoder. No pattern names lone surrogates: pydantic refuses them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
)

from sync_worker.domain.hsa_id import MAX_LENGTH_FROM_EVENTS, is_blank
from sync_worker.events import likely_causes, timestamps
from sync_worker.events.texts import (
    ANY_TEXT,
    HSA_ID,
    MAX_ID_LENGTH,
    MAX_NAME_LENGTH,
    MAX_SEQUENCE_LENGTH,
    NOT_BLANK,
    SHORT_OR_BLANK,
    is_storable,
    stated,
)


def _instant(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("not a string")  # noqa: TRY004 - pydantic lets a TypeError pass
    return timestamps.instant(value)


def _long_or_text(name: str) -> str:
    """Let pass a name that is too long: it is dropped, whatever else is wrong with it."""
    if len(name) <= MAX_NAME_LENGTH and not is_storable(name):
        raise ValueError("neither text nor dropped")
    return name


_NAME_SCHEMA = {
    "type": "string",
    "anyOf": [{"minLength": MAX_NAME_LENGTH + 1}, {"pattern": ANY_TEXT}],
}
_TIME_SCHEMA = {"type": "string", "format": "date-time", "pattern": timestamps.PATTERN}

Text = Annotated[str, Field(pattern=ANY_TEXT)]
StatedText = Annotated[str, Field(pattern=NOT_BLANK)]
Id = Annotated[str, Field(pattern=NOT_BLANK, max_length=MAX_ID_LENGTH)]
Sequence = Annotated[str, Field(pattern=SHORT_OR_BLANK)]
HsaId = Annotated[str, Field(pattern=HSA_ID)]
Name = Annotated[str, AfterValidator(_long_or_text), WithJsonSchema(_NAME_SCHEMA)]
Instant = Annotated[datetime, PlainValidator(_instant), WithJsonSchema(_TIME_SCHEMA)]


class Data(BaseModel):
    """What the data of every event has."""

    model_config = ConfigDict(strict=True, frozen=True)

    hsa_id: HsaId = Field(alias="hsaId", description="The clinic's HSA-id.")
    name: Name | None = Field(
        default=None,
        description=f"The clinic's name; dropped if longer than {MAX_NAME_LENGTH} characters.",
    )

    @property
    def stated_region(self) -> str | None:
        """The region code; None if the event has none, or a blank one."""
        return None


class ActivatedData(Data):
    """The data of `eservices.clinic.activated.v1`."""

    region_code: Text | None = Field(
        default=None,
        alias="regionCode",
        description="The two-character code of the region that administers the clinic; null or "
        "blank counts as absent.",
    )

    @property
    def stated_region(self) -> str | None:
        return stated(self.region_code)


class DeactivatedData(Data):
    """The data of `eservices.clinic.deactivated.v1`."""


class RegionChangedData(Data):
    """The data of `eservices.clinic.region-changed.v1`."""

    region_code: StatedText = Field(
        alias="regionCode",
        description="The two-character code of the region that administers the clinic.",
    )

    @property
    def stated_region(self) -> str:
        return self.region_code


class Document(BaseModel):
    """The CloudEvents attributes that are read; all others are ignored."""

    model_config = ConfigDict(strict=True, frozen=True)

    activation: ClassVar[bool | None] = None
    """What an event of this type says about the clinic's activation; None: nothing."""

    specversion: Literal["1.0"]
    id: Id = Field(
        description="Breaks ties between events of the same time and sequence; compared as text."
    )
    source: StatedText = Field(description="The system that publishes the event.")
    time: Instant = Field(
        description="When it happened in the e-services: RFC 3339 with offset, years 1 to 9999 in "
        "UTC."
    )
    subject: Text | None = Field(default=None, description="The clinic's HSA-id, unless blank.")
    sequence: Sequence | None = Field(
        default=None, description="Orders events of the same time; compared as text."
    )


class Activated(Document):
    """From `time` on, the clinic is active in the e-services."""

    activation = True

    type: Literal["eservices.clinic.activated.v1"]
    data: ActivatedData


class Deactivated(Document):
    """From `time` on, the clinic is not active in the e-services."""

    activation = False

    type: Literal["eservices.clinic.deactivated.v1"]
    data: DeactivatedData


class RegionChanged(Document):
    """From `time` on, the region administers the clinic."""

    type: Literal["eservices.clinic.region-changed.v1"]
    data: RegionChangedData


KnownDocument = Activated | Deactivated | RegionChanged

MODELS: Mapping[str, tuple[type[KnownDocument], type[Data]]] = {
    "eservices.clinic.activated.v1": (Activated, ActivatedData),
    "eservices.clinic.deactivated.v1": (Deactivated, DeactivatedData),
    "eservices.clinic.region-changed.v1": (RegionChanged, RegionChangedData),
}
"""By known event type: the model of the whole event, and of its data alone."""


_FORMS = {
    "specversion": 'is not "1.0"',
    "time": "is not a time of RFC 3339 with an offset, within the years 1 to 9999 in UTC",
    "sequence": f"is longer than {MAX_SEQUENCE_LENGTH} characters",
    "id": f"is longer than {MAX_ID_LENGTH} characters",
    "data.hsaId": f"is not 1 to {MAX_LENGTH_FROM_EVENTS} characters without blanks or control"
    " characters",
}


def problem(error: ValidationError) -> str:
    """The first error as a sentence, which names the field and quotes nothing."""
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    value = first["input"]
    if first["type"] == "missing":
        return f"`{field}` is missing. {likely_causes.of_missing_field(field, value)}".rstrip()
    return (
        f"`{field}` {_fault(field, value)}. {likely_causes.of_invalid_field(field, value)}".rstrip()
    )


def _fault(field: str, value: object) -> str:
    if value is None:
        return "is null"
    if field == "data":
        return "is not a JSON object"
    if isinstance(value, bytes):
        return "is not UTF-8"
    if not isinstance(value, str):
        return "is not a string"
    if not is_storable(value):
        return "holds a NUL or half a surrogate pair"
    return "is blank" if is_blank(value) else _FORMS[field]
