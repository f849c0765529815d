"""Tables of text cells, aligned for a terminal or in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def text_table(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """Format a table with aligned columns, two spaces apart.

    Args:
        header: titles of the columns.
        rows: cells of each row, as many as there are titles.
        left: the number of leading columns that are aligned to the left; the others, usually numbers, to the right.

    Returns:
        One line for the header and one for each row, without a final line break.
    """
    lines = [tuple(header), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    aligned = (
        [
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    )
    return "\n".join("  ".join(cells).rstrip() for cells in aligned)


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Format a table in Markdown.

    Args:
        header: titles of the columns.
        rows: cells of each row, as many as there are titles.

    Returns:
        The lines of the header, of the separator and of each row, without a final line break.
    """
    lines = [tuple(header), ("---",) * len(header), *map(tuple, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
