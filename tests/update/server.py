"""A small file server for tests: ranges, troubles, on a free loopback port."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Files:
    """Serves `data` under any path. `ends_after`: the connection breaks after so many bytes; `ranges`: whether it knows
    ranges; `status`: what it answers instead; `length_said`: whether it says how long it is."""

    def __init__(self, data: bytes) -> None:
        self.data, self.ends_after, self.ranges, self.status = data, 0, True, 0
        self.length_said = True
        self.asked: list[str] = []
        files = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                files.serve(self)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        span = handler.headers.get("Range", "")
        self.asked.append(span)
        handler.close_connection = True
        if self.status:
            handler.send_response(self.status)
            handler.send_header("Location", "/elsewhere")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        first = int(span.removeprefix("bytes=").removesuffix("-")) if span and self.ranges else 0
        rest = self.data[first:]
        handler.send_response(206 if first else 200)
        if first:
            handler.send_header("Content-Range", f"bytes {first}-{len(self.data) - 1}/{len(self.data)}")
        if self.length_said:
            handler.send_header("Content-Length", str(len(rest)))
        handler.end_headers()
        handler.wfile.write(rest[: self.ends_after] if self.ends_after else rest)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/file"

    def __enter__(self) -> "Files":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
