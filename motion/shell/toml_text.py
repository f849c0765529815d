"""Writing of TOML; the standard library only reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def format_toml(table: Mapping[str, Any], path: str = "") -> str:
    """Format a plain table as TOML.

    Args:
        table: values are texts, numbers, booleans, lists of these, tables, and lists of tables.
        path: name of the table in its document; empty for the document itself.
    """
    plain = {key: value for key, value in table.items() if not _is_tables(value)}
    lines = [f"{_format_key(key)} = {_format_value(value)}" for key, value in plain.items()]
    text = "\n".join(lines) + ("\n" if lines else "")
    for key, value in table.items():
        name = f"{path}.{_format_key(key)}" if path else _format_key(key)
        if isinstance(value, Mapping):
            text += f"\n[{name}]\n{format_toml(value, name)}"
        elif _is_tables(value):
            text += "".join(f"\n[[{name}]]\n{format_toml(item, name)}" for item in value)
    return text


def _is_tables(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and bool(value) and isinstance(value[0], Mapping))


def _format_key(key: str) -> str:
    bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if bare else _format_value(key)


def _format_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(_format_value, value)) + "]"
    return repr(value)
