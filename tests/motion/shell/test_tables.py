"""Tables for terminals and in Markdown."""

from __future__ import annotations

import subprocess
import sys

from motion.shell.tables import markdown_table, text_table

HEADER = ("name", "unit", "value")
ROWS = [("long name", "m", "1.5"), ("b", "", "100.25")]


def test_a_text_table_aligns_names_left_and_numbers_right() -> None:
    assert text_table(HEADER, ROWS) == "name       unit   value\nlong name     m     1.5\nb                100.25"
    assert (
        text_table(HEADER, ROWS, left=2) == "name       unit   value\nlong name  m        1.5\nb                100.25"
    )


def test_a_table_without_rows_is_its_header() -> None:
    assert text_table(HEADER, []) == "name  unit  value"
    assert markdown_table(HEADER, []) == "| name | unit | value |\n| --- | --- | --- |"


def test_a_markdown_table_has_a_line_for_each_row() -> None:
    assert markdown_table(HEADER, ROWS).splitlines()[2:] == ["| long name | m | 1.5 |", "| b |  | 100.25 |"]


def test_the_module_needs_no_shell() -> None:
    code = "import sys, motion.shell.tables; assert not {'tyro', 'tqdm'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
