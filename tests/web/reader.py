"""What a screen reader is given of a page: the accessibility tree, as text that people can read.

A line each, indented by what it is in: the role, the name in quotes, and what else is said of it.
A paragraph, bold text and the like say nothing by themselves: their text alone is there. A role
without a name that has one line in it shares that line: `listitem > link "Hjälp"`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.web.tab import Tab

_MOST_SHOWN = 150
_VARYING = {
    r"\d{4}-\d\d-\d\d \d\d\.\d\d": "<time>",
    r"\d{4}-\d\d-\d\d": "<day>",
    r"\b[0-9A-F]{4}-[0-9A-F]{4}\b": "<reference>",
    r"\b\d+\.\d+\.\d+\S*": "<version>",
}
_BESIDE_TEXT = {"generic", "none", "strong", "code"}
_AROUND_TEXT = {"paragraph", "LineBreak", "MenuListPopup"}
_UNSAID = {"InlineTextBox", "ListMarker"}
_CALLED = {
    "RootWebArea": "page",
    "LabelText": "label",
    "Legend": "legend",
    "DisclosureTriangle": "summary",
}
_STATES: Mapping[str, Callable[[Any], str | bool]] = {
    "expanded": lambda value: "open" if value else "closed",
    **dict.fromkeys(("checked", "invalid"), lambda value: value == "true"),
    **dict.fromkeys(("required", "selected", "disabled", "focused"), bool),
}
"""What is said of a property: words, or its own name where this is true."""


@dataclass(slots=True)
class _Line:
    """A role with its name, or a text, and the lines in it."""

    words: str
    text: str = ""
    within: Sequence["_Line"] = ()

    def written(self, indent: str = "") -> Iterator[str]:
        if len(self.within) == 1 and '"' not in self.words:
            [only] = self.within
            yield from _Line(f"{self.words} > {only.words}", "", only.within).written(indent)
            return
        yield indent + self.words
        for line in self.within:
            yield from line.written(f"{indent}  ")


class _Tree:
    """The browser's tree, with the attributes of elements that it leaves out."""

    def __init__(self, tab: Tab) -> None:
        tree = tab.cdp("Accessibility.getFullAXTree")["nodes"]
        self.root, self._nodes = tree[0], {node["nodeId"]: node for node in tree}
        tab.cdp("DOM.enable")
        self._attributes = {
            element["backendNodeId"]: _pairs(element.get("attributes", []))
            for element in tab.cdp("DOM.getFlattenedDocument", depth=-1)["nodes"]
        }

    def line(self, node: Mapping[str, Any]) -> _Line:
        within, name = self._within(node), node["name"]["value"].strip()
        if not name and len(within) == 1 and within[0].text:
            name = within[0].text
        if _is_said_by(name, within) or "editable" in _properties(node):
            within = [line for line in within if not line.text]
        role = node["role"]["value"]
        words = f"{_CALLED.get(role, role)} {_quoted(name)}" if name else _CALLED.get(role, role)
        return _Line(", ".join((words, *self._states(node))), "", within)

    def _within(self, node: Mapping[str, Any]) -> list[_Line]:
        """The lines of what is in it; a text that goes on is one line."""
        lines: list[_Line] = []
        is_in_text = False
        for part in self._parts(node):
            if part is None or not part.text:
                is_in_text = False
            if part is not None and is_in_text:
                lines[-1] = _text(lines[-1].text + part.text)
            elif part is not None:
                lines.append(part)
                is_in_text = bool(part.text)
        return [line for line in lines if not line.text or line.text.strip()]

    def _parts(self, node: Mapping[str, Any]) -> Iterator[_Line | None]:
        """Texts and other lines; None where a text ends."""
        for child in (self._nodes[each] for each in node.get("childIds", [])):
            role = "generic" if child["ignored"] else child["role"]["value"]
            if role == "StaticText":
                yield _text(child["name"]["value"])
            elif role in _AROUND_TEXT:
                yield from (None, *self._parts(child), None)
            elif role in _BESIDE_TEXT:
                yield from self._parts(child)
            elif role not in _UNSAID:
                yield self.line(child)

    def _states(self, node: Mapping[str, Any]) -> Iterator[str]:
        role, properties = node["role"]["value"], _properties(node)
        if role == "heading":
            yield f"level {properties['level']}"
        for key, value in properties.items():
            state = _STATES[key](value) if key in _STATES and role != "RootWebArea" else ""
            if state:
                yield state if isinstance(state, str) else key
        attributes = self._attributes.get(node.get("backendDOMNodeId"), {})
        if "aria-current" in attributes:
            yield "current"
        if "lang" in attributes:
            yield f"in {attributes['lang']}"
        # A button's value, for a file, is in the browser's own words.
        for key in ("description",) if role == "button" else ("value", "description"):
            text = str(node.get(key, {}).get("value", ""))
            if text:
                yield f"{key} {_quoted(text)}"


def heard(tab: Tab) -> str:
    """What is said of the page that a tab shows."""
    tree = _Tree(tab)
    return "\n".join(tree.line(tree.root).written()) + "\n"


def _pairs(flat: Sequence[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _properties(node: Mapping[str, Any]) -> dict[str, Any]:
    return {each["name"]: each["value"].get("value") for each in node.get("properties", [])}


def _is_said_by(name: str, lines: Sequence[_Line]) -> bool:
    """Whether a name has all that these lines have, but for spaces."""
    texts = "".join(line.text for line in lines)
    return "".join(texts.split()) in "".join(name.split())


def _text(text: str) -> _Line:
    return _Line(_quoted(text), text)


def _quoted(text: str) -> str:
    for pattern, placeholder in _VARYING.items():
        text = re.sub(pattern, placeholder, text)
    folded = " ".join(text.split())
    return f'"{folded}"' if len(folded) <= 2 * _MOST_SHOWN else f'"{folded[:_MOST_SHOWN]}…"'
