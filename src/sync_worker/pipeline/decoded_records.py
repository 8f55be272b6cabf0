"""Records with what the codec says of each, their bytes let go of where nobody needs them again."""

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync_worker.events.decoder import EventDecoder
from sync_worker.events.outcomes import Event, Ignored, Rejection, Verdict
from sync_worker.events.record import Partition, Record
from sync_worker.registry.dead_letters import Address


class PayloadReleased(Exception):
    """A record's bytes are needed after all: it has to be read again.

    It is to be set aside, or to be told from another one that was set aside at its address.
    """


_BESIDES = 400
"""What a record takes in memory beside its bytes."""


@dataclass(slots=True)
class DecodedRecords:
    """Records in the order read, each by its number from 0.

    One that is to be set aside is kept whole. Of all others, what the codec says and the address
    are kept, which takes a third of the memory; with `whole`, all of them.
    """

    partitions: list[Partition]
    """Of each record."""
    offsets: "array[int]"
    """Of each record."""
    verdicts: list[Verdict]
    """On each record."""
    whole: dict[int, Record]
    """The records that are kept whole."""

    @classmethod
    def by(
        cls,
        codec: EventDecoder,
        records: Sequence[Record],
        now: datetime,
        *,
        whole: bool = True,
        needed: Collection[Address] = (),
    ) -> "DecodedRecords":
        """Have the codec judge the records; `now` is the clock, in UTC.

        Those at addresses that are `needed` are kept whole, too.
        """
        verdicts = codec.decode_all(records, now)
        kept = {
            at: record
            for at, record in enumerate(records)
            if whole or isinstance(verdicts[at], Rejection) or (needed and record[:3] in needed)
        }
        return cls(_partitions(records), array("q", [r.offset for r in records]), verdicts, kept)

    @classmethod
    def of(cls, record: Record, verdict: Verdict) -> "DecodedRecords":
        """One record, judged by somebody else."""
        return cls(_partitions([record]), array("q", [record.offset]), [verdict], {0: record})

    def __len__(self) -> int:
        return len(self.verdicts)

    def hsa_ids(self) -> set[str]:
        """The clinics that the events are of."""
        return {verdict.hsa_id for verdict in self.verdicts if isinstance(verdict, Event)}

    def record(self, at: int) -> Record:
        """A record, byte for byte.

        Raises:
            BytesLetGo: it was not kept whole.
        """
        try:
            return self.whole[at]
        except KeyError:
            raise PayloadReleased from None

    def bytes_whole(self) -> int:
        """How many bytes the records that are kept whole take, roughly."""
        return sum(record.size + _BESIDES for record in self.whole.values())

    def addresses(self) -> Iterator[Address]:
        """Where each record stands."""
        return ((*of, at) for of, at in zip(self.partitions, self.offsets, strict=True))

    def ends(self) -> dict[Partition, int]:
        """The offset after the last record of each partition."""
        return {of: at + 1 for of, at in zip(self.partitions, self.offsets, strict=True)}

    def unknown_at_the_ends(self) -> tuple[Counter[Partition], set[Partition]]:
        """How many of each partition's last records are of unknown types; and in which others are.

        A tombstone that is ignored counts as neither.
        """
        unknown: Counter[Partition] = Counter()
        known: set[Partition] = set()
        partitions = set(self.partitions)
        for of, verdict in zip(reversed(self.partitions), reversed(self.verdicts), strict=True):
            if of in known:
                continue
            if not isinstance(verdict, Ignored):
                known.add(of)
                if known == partitions:
                    break
            elif verdict.unknown_type is not None:
                unknown[of] += 1
        return unknown, known

    def add(self, later: "DecodedRecords") -> None:
        """Go on with these."""
        before = len(self)
        self.partitions += later.partitions
        self.offsets += later.offsets
        self.verdicts += later.verdicts
        self.whole |= {before + at: record for at, record in later.whole.items()}

    def halves(self) -> "tuple[DecodedRecords, DecodedRecords]":
        """Two that are this one, one after the other."""
        middle = len(self) // 2
        return self._part(0, middle), self._part(middle, len(self))

    def _part(self, start: int, stop: int) -> "DecodedRecords":
        return DecodedRecords(
            self.partitions[start:stop],
            self.offsets[start:stop],
            self.verdicts[start:stop],
            {at - start: self.whole[at] for at in range(start, stop) if at in self.whole},
        )


def _partitions(records: Iterable[Record]) -> list[Partition]:
    """The partition of each record; each partition is in memory once."""
    known: dict[tuple[str, int], Partition] = {}
    return [
        known.get(record[:2]) or known.setdefault(record[:2], Partition(*record[:2]))
        for record in records
    ]
