"""Elements of a self-contained HTML page: tables, lists of facts, figures, and terms that say what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}
</main>
<script>
{script}</script>
</body>
</html>
"""


@dataclass(frozen=True)
class Term:
    """A name whose definition is one click away.

    Attributes:
        name: of a definition that the page has, see `definitions`.
        shown: the text that is shown; the name where it is empty.
    """

    name: str
    shown: str = ""

    @property
    def html(self) -> str:
        """The element, which opens the definition."""
        shown = escape(self.shown or self.name)
        return f'<button type="button" class="term" popovertarget="{_identifier(self.name)}">{shown}</button>'


def page(title: str, parts: Iterable[str], script: str = "") -> str:
    """Return a whole page.

    Args:
        title: of the page, as plain text.
        parts: HTML elements.
        script: JavaScript that runs after the script of the charts.
    """
    style, charts = _resource("report.css"), _resource("charts.js")
    return _PAGE.format(title=escape(title), style=style, body="\n".join(parts), script=f"{charts}{script}")


def section(title: str, *parts: str) -> str:
    """Return a heading followed by HTML parts."""
    return "\n".join([f"<h2>{escape(title)}</h2>", *parts])


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph of plain text, with `kind` as its CSS class."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(heads: Sequence[str | Term], rows: Sequence[Sequence[str]], last_is_real: bool = False) -> str:
    """Return a table.

    Args:
        heads: titles of the columns, as plain text or terms.
        rows: cells as HTML; a cell that begins with `*` is emphasised.
        last_is_real: style the last row as that of real data.
    """
    lines = ["<div class='scroll'><table>", "<tr>" + "".join(f"<th>{_text(head)}</th>" for head in heads) + "</tr>"]
    for number, row in enumerate(rows):
        kind = ' class="real"' if last_is_real and number == len(rows) - 1 else ""
        cells = (f'<td class="best">{cell[1:]}</td>' if cell.startswith("*") else f"<td>{cell}</td>" for cell in row)
        lines.append(f"<tr{kind}>{''.join(cells)}</tr>")
    return "\n".join([*lines, "</table></div>"])


def facts(items: Mapping[str, str]) -> str:
    """Return a list of names and their values, both plain text."""
    rows = "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in items.items())
    return f"<dl>\n{rows}\n</dl>"


def legend(entries: Mapping[str, str]) -> str:
    """Return a legend: names and their colours."""
    items = (f'<li><span class="swatch" style="color:{color}"></span>{escape(n)}</li>' for n, color in entries.items())
    return f'<ul class="legend">{"".join(items)}</ul>'


def named_swatch(name: str, color: str) -> str:
    """Return a name with a swatch of its colour before it."""
    return f'<span class="swatch" style="color:{color}"></span>{escape(name)}'


def figure(title: str | Term, unit: str, svg: str) -> str:
    """Return a figure with a caption of a title and, if not empty, a unit in plain text."""
    suffix = f" <span>{escape(unit)}</span>" if unit else ""
    return f'<figure><figcaption><span class="name">{_text(title)}</span>{suffix}</figcaption>{svg}</figure>'


def preformatted(text: str) -> str:
    """Return plain text with its line breaks and spaces kept."""
    return f"<pre>{escape(text)}</pre>"


def folded(title: str, *parts: str) -> str:
    """Return HTML parts that are hidden until the reader unfolds them."""
    return "\n".join([f"<details><summary>{escape(title)}</summary>", *parts, "</details>"])


def definitions(texts: Mapping[str, str]) -> str:
    """Return the definitions that the terms of a page open; names and texts are plain text."""
    return "\n".join(
        f'<div popover class="definition" id="{_identifier(name)}"><b>{escape(name)}</b><p>{escape(text)}</p></div>'
        for name, text in texts.items()
    )


def _text(text: str | Term) -> str:
    return escape(text) if isinstance(text, str) else text.html


def _identifier(name: str) -> str:
    return "about-" + re.sub(r"\W+", "-", name.lower()).strip("-")


def _resource(name: str) -> str:
    return (files("motion.viewing") / name).read_text("utf-8")
