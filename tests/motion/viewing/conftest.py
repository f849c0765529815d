"""A browser for the tests of pages."""

from __future__ import annotations

from chromium import chromium, opened

__all__ = ["chromium", "opened"]
