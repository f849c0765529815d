"""Decode the bytes of `.bvh` files, whose format names no encoding, and clean up the spelling of their numbers."""

from __future__ import annotations

import codecs
import re

from motion.errors import InvalidInput

_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Kana, or two ideographs in a row; single accents of European names decode to lone ideographs.
_JAPANESE = re.compile("[\u3041-\u30fe]|[\u4e00-\u9fff]{2}")
_NOT_A_NUMBER = re.compile(r"-?\d\.#(?:IND|QNAN|SNAN|INF)\d*", re.IGNORECASE)  # as Microsoft's C library prints it


def decode_bvh(content: bytes) -> tuple[str, str]:
    """Decode a file as UTF-8, UTF-16, Shift-JIS or Windows' Latin code page, whichever fits first.

    Args:
        content: the bytes of the file.

    Returns:
        The text, with `\\n` at the ends of its lines, and the name of its encoding.

    Raises:
        InvalidInput: the bytes are no text in any of these.
    """
    encoding = _encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidInput.of(
            "text", f"cannot be read as text ({error}); must be a .bvh file, which is text"
        ) from error
    if "\0" in text:
        raise InvalidInput.of("text", "holds zero bytes and cannot be read as text; must be a .bvh file, which is text")
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def _encoding(content: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    start = content[:200]
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(start) >= 20 and not any(start[offset::2]) and all(start[1 - offset :: 2]):
            return encoding
    for encoding in ("utf-8", "shift_jis"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or _JAPANESE.search(text):
            return encoding
    return "cp1252" if _decodes(content, "cp1252") else "latin-1"


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def with_decimal_points(numbers: str) -> str:
    """Return the text of numbers with decimal points where it has decimal commas, and spaces for commas between them.

    Args:
        numbers: numbers that are separated by white space or commas.
    """
    if "#" in numbers:
        numbers = _NOT_A_NUMBER.sub("nan", numbers)
    if "," not in numbers:
        return numbers
    if "." in numbers or re.search(r",\s", numbers):
        separated = re.sub(r",\s", " ", numbers)
        return separated.replace(",", " " if "." in separated else ".")
    return numbers.replace(",", ".")
