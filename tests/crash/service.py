"""A notification service as a process of its own: `python service.py PORT FILE` keeps every message in FILE.

Rules: a message is on disk before it is acknowledged; PORT 0 takes a free one; the port is the first line that is said.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        row = json.dumps({"key": self.headers["Idempotency-Key"], **message}).encode()
        fd = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(fd, row + b"\n")
        os.fsync(fd)
        os.close(fd)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Taker)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
