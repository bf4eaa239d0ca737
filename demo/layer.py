"""What the demonstration writes into the fleet's settings itself: the address of the receipts' page, so that it is still
there when somebody pushes settings. Asked at the backend's admin door, as `posfleet` does: four bytes of length, then
JSON."""

import json
import os
import secrets
import socket
import struct
from pathlib import Path
from typing import Any

DOOR = "admin.sock"
LAYER = "fleet"
WAIT_S = 30.0
_LENGTH = struct.Struct(">I")


def tell_receipts(data: Path, receipts: str) -> None:
    """Put the page's address into the layer of the whole fleet; what else stands there stays. Raises `OSError`."""
    got = _ask(data, {"type": "get_layer", "layer": LAYER, "secrets": True})
    document: dict[str, Any] = got.get("document") or {}
    if document.get("slips", {}).get("receipt_url") == receipts:
        return
    document.setdefault("slips", {})["receipt_url"] = receipts
    put = _ask(data, {"type": "put_layer", "layer": LAYER, "document": document})
    if put["type"] != "layer_put":
        raise OSError(f"the backend did not take the settings: {put}")


def _ask(data: Path, request: dict[str, Any]) -> dict[str, Any]:
    call = {"by": {"name": "demo"}, "request": request, "why": "demo", "nonce": secrets.token_hex(16)}
    raw = json.dumps(call).encode()
    folder = os.open(data, os.O_PATH | os.O_DIRECTORY)  # a socket's address is short, a path may be long
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.settimeout(WAIT_S)
            door.connect(f"/proc/self/fd/{folder}/{DOOR}")
            door.sendall(_LENGTH.pack(len(raw)) + raw)
            (length,) = _LENGTH.unpack(_read(door, _LENGTH.size))
            answer: dict[str, Any] = json.loads(_read(door, length))
            return answer
    finally:
        os.close(folder)


def _read(door: socket.socket, count: int) -> bytes:
    read = b""
    while len(read) < count:
        piece = door.recv(count - len(read))
        if not piece:
            raise OSError("the backend's door was shut")
        read += piece
    return read
