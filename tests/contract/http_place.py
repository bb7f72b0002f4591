"""A web service on loopback that takes messages, and fails in all the ways that services fail.

Rules: real sockets and a real server; `received` holds what was acknowledged; tests wait on its condition.
"""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

How = Literal["well", "error", "limit", "slow", "hang", "drop", "deaf"]
SLOW_S = 0.3


class WebService:
    """`how` it behaves may change at any time; `hits` counts the tries, also those that failed."""

    def __init__(self) -> None:
        self.how: How = "well"
        self.hits = 0
        self.received: list[dict[str, Any]] = []
        self.changed = threading.Condition()
        self._released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """The Apprise URL; it has a password in it."""
        return f"json://me:s3cretw0rd@127.0.0.1:{self._server.server_port}/in?rto=0.1"

    def wait_for(self, what: Callable[[], bool], deadline_s: float = 30.0) -> None:
        """Until `what()` holds; looked at after every try. Raises AssertionError."""
        with self.changed:
            assert self.changed.wait_for(what, deadline_s), f"{self.hits} tries, {len(self.received)} taken"

    def close(self) -> None:
        """Let go of who hangs, and end."""
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        how = self.how
        with self.changed:
            self.hits += 1
            self.changed.notify_all()
        if how == "hang":
            self._released.wait(60)
        if how == "deaf":  # it takes the message and is gone before it says so
            self._take(body, request.headers["Idempotency-Key"])
        if how in ("hang", "drop", "deaf"):
            request.close_connection = True
            return
        if how == "slow":
            self._released.wait(SLOW_S)
        request.send_response({"error": 500, "limit": 429}.get(how, 200))
        if how == "limit":
            request.send_header("Retry-After", "1")
        request.end_headers()
        if how not in ("error", "limit"):
            self._take(body, request.headers["Idempotency-Key"])

    def _take(self, body: bytes, key: str) -> None:
        with self.changed:
            self.received.append({**json.loads(body), "key": key, "at": time.monotonic()})
            self.changed.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                service._serve(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
                pass

        return Handler
