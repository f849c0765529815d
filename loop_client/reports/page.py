"""Elements of a self-contained HTML page: tables, lists of facts, figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def page(title: str, parts: Iterable[str]) -> str:
    """Return a whole page.

    Args:
        title: of the page, as plain text.
        parts: HTML elements.
    """
    style = (files("loop_client.reports") / "report.css").read_text("utf-8")
    return _PAGE.format(title=escape(title), style=style, body="\n".join(parts))


def section(title: str, *parts: str) -> str:
    """Return a heading followed by HTML parts."""
    return "\n".join([f"<h2>{escape(title)}</h2>", *parts])


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph of plain text, with `kind` as its CSS class."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], last_is_real: bool = False) -> str:
    """Return a table.

    Args:
        heads: titles of the columns, as plain text.
        rows: cells as HTML; a cell that begins with `*` is emphasised.
        last_is_real: style the last row as that of real data.
    """
    lines = ["<div class='scroll'><table>", "<tr>" + "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr>"]
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


def figure(title: str, unit: str, svg: str) -> str:
    """Return a figure with a caption of a title and, if not empty, a unit; both plain text."""
    suffix = f" <span>{escape(unit)}</span>" if unit else ""
    return f"<figure><figcaption>{escape(title)}{suffix}</figcaption>{svg}</figure>"


def preformatted(text: str) -> str:
    """Return plain text with its line breaks and spaces kept."""
    return f"<pre>{escape(text)}</pre>"


def folded(title: str, *parts: str) -> str:
    """Return HTML parts that are hidden until the reader unfolds them."""
    return "\n".join([f"<details><summary>{escape(title)}</summary>", *parts, "</details>"])
