"""`clinics explain`: why a clinic receives cases or does not, as a document or in paragraphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from sync_worker import bootstrap
from sync_worker.cli import messages, options
from sync_worker.cli.invocation import Invocation, pass_invocation
from sync_worker.cli.remedies import in_words
from sync_worker.inspection import explanation, unknown_clinic
from sync_worker.printable import printable_line
from sync_worker.registry import queries
from sync_worker.remedies import Remedy

if TYPE_CHECKING:
    from sync_worker.cli.output import Output
    from sync_worker.errors import Words


@click.command(
    cls=options.Command,
    prints_document=True,
    epilog=options.examples("sync-worker clinics explain SE2321000016-TA01"),
)
@click.argument("hsa_id", metavar="HSA-ID")
@pass_invocation
def explain(run: Invocation, hsa_id: str) -> None:
    """Explain whether a clinic receives cases, and why, in sentences.

    Tells for each condition since when it is met or not, by which event or person, and what would
    change if it were met. Also tells what is held, which dead letters name the clinic, how far the
    stream has been read, and who can change what.
    """
    in_use = bootstrap.registry.regions(run.settings)
    with run.snapshot() as connection:
        (wanted,) = queries.meant(connection, [hsa_id])
        explained = explanation.explain(connection, wanted, in_use)
        if explained is None:
            raise unknown_clinic.error(connection, wanted)
    run.output.document(explained, render=lambda shown: _as_text(run.output, shown))


def _as_text(output: Output, explained: Mapping[str, Any]) -> str:
    """The explanation in paragraphs: what is so, why, what may hide the truth, and who acts."""
    return "\n\n".join(
        "\n".join(output.folded(line) for line in paragraph)
        for paragraph in _paragraphs(output, explained)
    )


def _paragraphs(output: Output, explained: Mapping[str, Any]) -> Iterator[list[str]]:
    def said(sentence: Words) -> str:
        return printable_line(output.words(sentence))

    yield [said(explained["text"])]
    yield [f"- {_with_what_if(said, condition)}" for condition in explained["conditions"]]
    if explained["held"]:
        numbers = dict.fromkeys(held["hold_id"] for held in explained["held"])
        yield [said(in_words(Remedy.SEE_HOLD_OF_CLINIC(number=number))) for number in numbers]
    dead_letters = explained["dead_letters"]
    listed = [f"- {said(item['text'])}" for item in dead_letters["items"]]
    more = [said(dead_letters["more"])] if dead_letters["more"] else []
    hint = Remedy.LIST_DEAD_LETTERS_OF_CLINIC(hsa_id=explained["hsa_id"])
    see = [said(in_words(hint))] if dead_letters["open"] else []
    yield [said(dead_letters["text"]), *listed, *more, *see]
    yield [said(explained["stream"]["text"])]
    who = [f"- {said(each['text'])}" for each in explained["who"]]
    yield [said(messages.WHO_CAN_CHANGE()), *who]


def _with_what_if(said: Callable[[Words], str], condition: Mapping[str, Any]) -> str:
    if_met = condition["if_met"]
    return " ".join(said(told["text"]) for told in (condition, if_met) if told)
