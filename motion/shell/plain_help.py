"""Help texts without the backticks of docstrings."""

from __future__ import annotations

from typing import Any, TextIO

_BORDER = "│"


class PlainHelp:
    """A text stream that removes backticks from what is written to it and passes everything else to `stream`.

    Help texts are the docstrings of the commands, which mark code with backticks. Cells of a boxed table keep their
    width: spaces take the place of the removed characters.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        """Write `text` without backticks."""
        self._stream.write("\n".join(_without_backticks(line) for line in text.split("\n")) if "`" in text else text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _without_backticks(line: str) -> str:
    *cells, last = line.split(_BORDER)
    plain = [cell.replace("`", "") + " " * cell.count("`") for cell in cells]
    return _BORDER.join([*plain, last.replace("`", "")])
