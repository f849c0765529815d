"""Serve a page to a browser on this machine that shows how something goes on."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Protocol

from motion.errors import InvalidInput, PlumbError
from motion.viewing.page_elements import page, paragraph

HOST = "127.0.0.1"
_FRESH_SECONDS = 1.0  # several tabs share what was looked up within this time


class LiveView(Protocol):
    """What a live page shows. It is only read from, one call at a time."""

    @property
    def title(self) -> str:
        """The title of the page."""
        ...

    def parts(self) -> Mapping[str, str]:
        """Return the parts of the page as they are now: HTML elements by names that stay."""
        ...

    def motions(self) -> tuple[str, str] | None:
        """Return the newest motions: a name that changes when they do, and a whole page of them. None for none."""
        ...


@contextmanager
def serve_live(view: LiveView, port: int = 0) -> Iterator[str]:
    """Serve a live page on the loopback interface while the block runs.

    Requests that name another host are refused, so that no page of the internet can read this one through the browser.

    Args:
        view: what is shown.
        port: the port; 0 for a free one.

    Yields:
        The address of the page.

    Raises:
        InvalidInput: the port cannot be used.
    """
    state = _State(view)

    class Handler(_Handler):
        live = state

    try:
        server = ThreadingHTTPServer((HOST, port), Handler)
    except (OSError, OverflowError) as error:
        raise InvalidInput.of("--port", f"is {port}, which cannot be used ({error}); 0 picks a free one") from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _State:
    """Asks the view, one thread at a time, and not more often than needed."""

    def __init__(self, view: LiveView):
        self._view = view
        self._lock = threading.Lock()
        self._document: tuple[float, bytes] | None = None
        self._motions: tuple[str, str] | None = None

    def page(self) -> bytes:
        """Return the page, which asks for everything else."""
        script = (files("motion.viewing") / "live.js").read_text("utf-8")
        body = [
            f'<h1 id="title">{_escaped(self._view.title)}</h1>',
            '<p class="note" id="state" role="status">reading…</p><div id="parts"></div>',
            '<iframe id="motions" title="The newest motions" hidden></iframe>',
        ]
        return page(self._view.title, body, script).encode()

    def document(self) -> bytes:
        """Return the parts and the name of the newest motions as JSON."""
        with self._lock:
            if self._document is None or time.monotonic() - self._document[0] > _FRESH_SECONDS:
                try:
                    self._motions = self._view.motions()
                    parts = dict(self._view.parts())
                except PlumbError as error:  # such as a folder that is being written; the next look may succeed
                    parts = {"trouble": paragraph(f"{error}.", "note")}
                document = {"parts": parts, "motions": self._motions[0] if self._motions else None}
                self._document = time.monotonic(), json.dumps(document).encode()
            return self._document[1]

    def motions(self) -> bytes | None:
        """Return the page of the newest motions."""
        with self._lock:
            return self._motions[1].encode() if self._motions else None


class _Handler(BaseHTTPRequestHandler):
    live: _State

    def do_GET(self) -> None:
        """Answer a request of the browser."""
        name, _, port = self.headers.get("Host", "").rpartition(":")
        own_port = self.connection.getsockname()[1]
        if name not in (HOST, "localhost") or port != str(own_port):
            self.send_error(HTTPStatus.FORBIDDEN, "only this machine may look")
            return
        path = self.path.partition("?")[0]
        kind, body = "text/html; charset=utf-8", None
        if path == "/":
            body = self.live.page()
        elif path == "/state":
            kind, body = "application/json", self.live.document()
        elif path == "/motions":
            body = self.live.motions()
        if path == "/favicon.ico":
            self.send_response(HTTPStatus.NO_CONTENT)
            self.end_headers()
            return
        if body is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.OK)
        for field, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
        ):
            self.send_header(field, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the terminal belongs to the command."""


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def progress_html(title: str, share: float, text: str) -> str:
    """Return a progress bar with its title and a text beside it, both plain text.

    Args:
        title: what is being done.
        share: how much of it is done, in [0, 1].
        text: what is known about it, such as the time that is left.
    """
    percent = 100 * min(max(share, 0.0), 1.0)
    return (
        f'<div class="bar"><span>{_escaped(title)}</span><progress max="100" value="{percent:.1f}"></progress>'
        f"<span>{int(percent)} %{' · ' if text else ''}{_escaped(text)}</span></div>"
    )
