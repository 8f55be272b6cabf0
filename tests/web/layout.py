"""What of a page does not fit, or is too small: asked of the browser that has laid it out."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.web.tab import NARROW, ZOOMED, Tab

_SPACING = """
* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }
p { margin-bottom: 2em !important; }
"""
"""What people may set (WCAG 1.4.12)."""
_LEAST_TARGET = 24
_TOO_WIDE = """
const page = document.documentElement;
if (page.scrollWidth <= page.clientWidth) return [];
return [...document.querySelectorAll('body *')]
  .filter(each => each.getBoundingClientRect().right > page.clientWidth + 0.5)
  .map(each => each.outerHTML.slice(0, 120));
"""
_CUT_OFF = """
const isHidden = each => each.closest('.visually-hidden, .skip, thead');
return [...document.querySelectorAll('body *')].filter(each => {
  const style = getComputedStyle(each);
  return style.overflow !== 'visible' && style.display !== 'inline' && !isHidden(each)
    && !['INPUT', 'SELECT', 'TEXTAREA', 'OPTION'].includes(each.tagName)
    && (each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight + 1);
}).map(each => each.outerHTML.slice(0, 120));
"""
_OVERLAPPING = """
const boxes = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode, parent = node.parentElement;
  if (!node.data.trim() || parent.closest('.visually-hidden, .skip, option, select')) continue;
  if (!parent.checkVisibility()) continue; // in details that are closed
  if (innerWidth <= 768 && parent.closest('thead')) continue;
  const range = document.createRange();
  range.selectNodeContents(node);
  for (const box of range.getClientRects()) boxes.push([box, node.data.trim().slice(0, 40)]);
}
const found = [];
boxes.forEach(([one, a], index) => boxes.slice(index + 1).forEach(([other, b]) => {
  const width = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  if (width > 2 && height > Math.min(one.height, other.height) / 2) found.push(a + ' / ' + b);
}));
return found.slice(0, 10);
"""
_SMALL_TARGETS = """
const inSentence = each => {
  if (each.tagName !== 'A' || getComputedStyle(each).display !== 'inline') return false;
  const block = each.closest('p, li, dd, td');
  return block !== null && [...block.childNodes].some(
    node => node.nodeType === Node.TEXT_NODE && /[\\p{L}\\p{N}]/u.test(node.data));
};
const targets = document.querySelectorAll(
  'a[href], button, input:not([type=hidden]), select, textarea, summary');
return [...targets].filter(each => !each.closest('.skip') && !inSentence(each)).map(each => {
  const box = each.getBoundingClientRect();
  return [box.width, box.height, each.outerHTML.slice(0, 120)];
}).filter(([width, height]) => Math.min(width, height) < arguments[0]);
"""


def reflow_faults(tab: Tab) -> list[str]:
    """What makes the page wider than a window of 320 CSS pixels (WCAG 1.4.10)."""
    tab.size(NARROW)
    return _too_wide(tab)


def spacing_faults(tab: Tab) -> list[str]:
    """What does not fit there once people have set the space between lines, words and letters."""
    tab.size(NARROW)
    with _own_style(tab, _SPACING):
        return [*_too_wide(tab), *tab.run(_CUT_OFF), *tab.run(_OVERLAPPING)]


def zoom_faults(tab: Tab) -> list[str]:
    """What is cut off, or lies on other text, at 200 % (WCAG 1.4.4)."""
    tab.size(ZOOMED)
    return [*_too_wide(tab), *tab.run(_CUT_OFF), *tab.run(_OVERLAPPING)]


def small_targets(tab: Tab) -> list[list[object]]:
    """Controls of less than 24 by 24 CSS pixels (WCAG 2.5.8): width, height and markup of each.

    A link that stands in a sentence is exempt: its height is that of the sentence's line.
    """
    found: list[list[object]] = tab.run(_SMALL_TARGETS, _LEAST_TARGET)
    return found


def _too_wide(tab: Tab) -> list[str]:
    found: list[str] = tab.run(_TOO_WIDE)
    return found


@contextmanager
def _own_style(tab: Tab, style: str) -> Iterator[None]:
    """A style sheet of the reader's; the page's policy lets in no `<style>`, but this way."""
    tab.run(
        "const own = new CSSStyleSheet(); own.replaceSync(arguments[0]);"
        "document.adoptedStyleSheets = [own]",
        style,
    )
    spacing = tab.run("return getComputedStyle(document.querySelector('h1')).letterSpacing")
    assert spacing != "normal"
    try:
        yield
    finally:
        tab.run("document.adoptedStyleSheets = []")
