"""An explanation of a clinic as text for people, and what is said of a clinic nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sync_worker.cli.remedies import in_words
from sync_worker.printable import printable_line
from sync_worker.remedies import Remedy

if TYPE_CHECKING:
    from sync_worker.cli.output import Output
    from sync_worker.errors import Words


def as_text(output: Output, explained: Mapping[str, Any]) -> str:
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
    yield [f"- {said(each['text'])}" for each in explained["who"]]


def _with_what_if(said: Callable[[Words], str], condition: Mapping[str, Any]) -> str:
    if_met = condition["if_met"]
    return " ".join(said(told["text"]) for told in (condition, if_met) if told)
