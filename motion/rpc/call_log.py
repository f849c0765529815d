"""The log of a server: one line for each call, and its events, as text or as JSON objects."""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from google.protobuf.message import Message

from motion.rpc.server_settings import LogFormat

_calls = logging.getLogger(f"{__name__}.calls")
_REQUEST_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)


@dataclass
class CallRecord:
    """What the log says of a call; nothing of it is the content of the request.

    Attributes:
        request_id: what the client sent as `x-request-id`, or a random number.
        method: full name of the method.
        client: who called: the name of the token, of the certificate, or the host.
        status: name of the gRPC status code.
        seconds: duration of the call.
        frames: frames of motion in the answers.
    """

    request_id: str
    method: str
    client: str = "unknown"
    status: str = ""
    seconds: float = 0.0
    frames: int = field(default=0)

    def finish(self, status: str, seconds: float) -> None:
        """Write the line of the call, which has ended."""
        self.status, self.seconds = status, round(seconds, 6)
        _calls.info("%s", self, extra={"call": asdict(self)})

    def __str__(self) -> str:
        """Return the line of the log as text."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        values = " ".join(f"{name}={value}" for name, value in asdict(self).items())
        return f"{stamp} call {values}"


class JsonFormatter(logging.Formatter):
    """Writes each event as a JSON object on a line of its own; the fields of a call are fields of its object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of an event."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {"time": f"{stamp}.{int(record.msecs):03d}Z", "level": record.levelname}
        call = getattr(record, "call", None)
        line |= {"event": "call", **call} if call else {"event": record.name, "message": record.getMessage()}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure_log(form: LogFormat) -> None:
    """Write events of servers, and all warnings and errors, to stderr, unless the program has configured logging.

    Args:
        form: form of the lines.
    """
    events = logging.getLogger("motion.rpc")
    if not events.hasHandlers():
        handler = logging.StreamHandler()
        if form == "json":
            handler.setFormatter(JsonFormatter())
        logging.getLogger().addHandler(handler)
        events.setLevel(logging.INFO)
    if form == "none":
        _calls.setLevel(logging.WARNING)


def request_id(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """Return the id of a request: that in its metadata if it is a short name, else a random one."""
    for key, value in metadata:
        if key == "x-request-id" and isinstance(value, str) and _REQUEST_ID.fullmatch(value):
            return value
    return uuid.uuid4().hex[:12]


def motion_frames(response: Message) -> int:
    """Return the frames of the motion, or of the score of one, in a response; 0 if it holds none."""
    names = response.DESCRIPTOR.fields_by_name
    shape: Any = ()
    if "motion" in names:
        shape = response.motion.positions.shape  # pyright: ignore[reportAttributeAccessIssue]
    elif "score" in names:
        shape = response.score.wrench.shape  # pyright: ignore[reportAttributeAccessIssue]
    return shape[0] if shape else 0
