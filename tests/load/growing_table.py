"""A table in Markdown that is printed row by row, so that a long run shows how far it is."""

from __future__ import annotations

from motion.shell.tables import markdown_table


class GrowingTable:
    """Prints the head of a table at once, and each row when it is known.

    Args:
        header: names of the columns.
    """

    def __init__(self, *header: str):
        self._columns = len(header)
        print(f"\n{markdown_table(header, [])}", flush=True)

    def add(self, *cells: object) -> None:
        """Print a row; numbers get three digits, and cells that are missing stay empty."""
        texts = [_text(cell) for cell in cells]
        texts += [""] * (self._columns - len(texts))
        print(markdown_table([""] * self._columns, [texts]).splitlines()[-1], flush=True)


def _text(cell: object) -> str:
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:.3g}" if abs(cell) < 100 else f"{cell:.0f}"
