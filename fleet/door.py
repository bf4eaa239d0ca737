"""The admin door: a Unix socket in the data folder (0600) by which `posfleet` and others ask the running server.

One request per connection: four bytes of length, then JSON of a `Call`; answered alike with a `Reply`. Whose call it is
says the kernel, not the call: the folder's owner stands in the place of its `by.name`, and the account that opened the
connection, where that is another, beside it as a remark. Without a server `ask` takes the folder's lock and steps the core
itself, so that nobody ever writes beside the server.
"""

import os
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from fleet import database, home
from fleet.accounts import acting, peer_uid
from fleet.admin import READS, Call, Refused, Reply
from fleet.core import Admin, Core
from fleet.desk import giving
from fleet.desk.desk import FleetDesk
from fleet.effects import Told
from fleet.store import StoreTrouble

SOCKET = "admin.sock"
CALL_BYTES_MAX = 8_000_000
REPLY_BYTES_MAX = 256_000_000
ANSWER_TIMEOUT_S = 120.0
OWN_S = 5.0
"""So much longer a caller waits: what the server says of an answer that does not come is more than silence."""
CLIENTS_MAX = 16
_LENGTH = struct.Struct(">I")
_TIMEVAL = struct.Struct("ll")
_PATH_BYTES_MAX = 100
"""A path above 107 bytes does not fit into a socket's address; then it is reached through a descriptor of its folder."""

_decoder = msgspec.json.Decoder(Call)
_replies: "msgspec.json.Decoder[Reply]" = msgspec.json.Decoder(Reply)


class NobodyThere(Exception):
    """No server listens at the door of this folder."""


# --- the server's side ------------------------------------------------------------------------------------------------


class Door:
    """Listens in the data folder and hands each call to `take`, which answers from whichever thread."""

    def __init__(self, data: Path, take: Callable[[Call, Callable[[Reply], None]], None]) -> None:
        self._path = data / SOCKET
        self._take = take
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path.unlink(missing_ok=True)  # of a server that was killed: the folder's lock is ours
        before = os.umask(0o177)
        try:
            _with_address(self._path, self._socket.bind)
        finally:
            os.umask(before)
        self._socket.listen(CLIENTS_MAX)
        self._free = threading.BoundedSemaphore(CLIENTS_MAX)
        self._thread = threading.Thread(target=self._run, name="door", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close the door; who is being served may still be answered."""
        self._path.unlink(missing_ok=True)
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._socket.close()
        if self._thread.ident is not None:
            self._thread.join(2.0)

    def _run(self) -> None:
        while True:
            self._free.acquire()
            try:
                client, _ = self._socket.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._serve, args=(client,), name="door-client", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with client:
                client.settimeout(ANSWER_TIMEOUT_S)
                try:
                    call = _decoder.decode(_receive(client, CALL_BYTES_MAX))
                except (ValueError, RecursionError) as trouble:
                    _send(client, msgspec.json.encode(Refused(reason="bad_request", detail=str(trouble)[:200])))
                    return
                call = _known(self._path.parent, call, peer_uid(client))
                _send(client, msgspec.json.encode(self._answer(call)))
        except OSError:
            return  # the caller left, or never said anything
        finally:
            self._free.release()

    def _answer(self, call: Call) -> Reply:
        answered = threading.Event()
        replies: list[Reply] = []

        def answer(reply: Reply) -> None:
            replies.append(reply)
            answered.set()

        self._take(call, answer)
        if not answered.wait(ANSWER_TIMEOUT_S):
            return Refused(reason="late")
        return replies[0]


# --- the caller's side ------------------------------------------------------------------------------------------------


def ask(data: Path, call: Call, utc_ms: Callable[[], int]) -> Reply:
    """Ask the server of a folder; what only reads is read from the store beside it; without a server the core is stepped
    here, under the folder's lock. Raises `StoreTrouble`, `home.InUse` (a server that does not listen), `OSError`."""
    if isinstance(call.request, READS) and database.is_there(data):
        try:
            return _look(data, call, utc_ms())
        except StoreTrouble:
            pass  # of another schema: whoever may write will bring it up to date
    try:
        return ask_server(data, call)
    except NobodyThere:
        return _alone(data, call, utc_ms())


def is_served(data: Path) -> bool:
    """Whether a server listens here, so that what is ordered goes out at once."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            _with_address(data / SOCKET, client.connect)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True


def ask_server(data: Path, call: Call) -> Reply:
    """Ask the running server. Raises `NobodyThere`, `OSError`, or `ValueError` for an answer that cannot be read."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _TIMEVAL.pack(int(ANSWER_TIMEOUT_S), 0))
        try:  # blocking: with a time-out Python makes it non-blocking, and a busy door then looks closed
            _with_address(data / SOCKET, client.connect)
        except (FileNotFoundError, ConnectionRefusedError) as nobody:
            raise NobodyThere(str(data)) from nobody
        client.settimeout(ANSWER_TIMEOUT_S + OWN_S)
        _send(client, msgspec.json.encode(call))
        return _replies.decode(_receive(client, REPLY_BYTES_MAX))


def _alone(data: Path, call: Call, now_ms: int) -> Reply:
    """What is to be sent stays due in the store, and the next server sends it."""
    with home.held(data):
        key = home.fleet_key(data)
        store = database.open_store(data)
        try:
            reply = step(Core(store, key.sign), _known(data, call, os.getuid()), now_ms)
            with store.begin() as books:  # there is no pump that would, until a server starts
                giving.finish(books.fleet.settings)
            return reply
        finally:
            store.close()


def _known(data: Path, call: Call, uid: int) -> Call:
    """The call, as that of whom an account acts as here."""
    name, remark = acting(data, uid)
    return msgspec.structs.replace(call, by=msgspec.structs.replace(call.by, name=name, account=remark))


def _look(data: Path, call: Call, now_ms: int) -> Reply:
    store = database.open_store(data, read_only=True)
    try:
        with store.begin() as books:
            return FleetDesk(_no_key).take(books, call, now_ms)
    finally:
        store.close()


def _no_key(_text: bytes) -> bytes:
    raise AssertionError("who only reads signs nothing")


def step(core: Core, call: Call, now_ms: int) -> Reply:
    """One call through a core at hand."""
    return next(effect.reply for effect in core.step(Admin(now_ms, call)) if isinstance(effect, Told))


# --- bytes ------------------------------------------------------------------------------------------------------------


def _send(there: socket.socket, body: bytes) -> None:
    there.sendall(_LENGTH.pack(len(body)) + body)


def _receive(there: socket.socket, size_max: int) -> bytes:
    """One message. Raises `ValueError` when it is too large, `ConnectionError` when the other side leaves."""
    (size,) = _LENGTH.unpack(_exactly(there, _LENGTH.size))
    if size > size_max:
        raise ValueError(f"{size} bytes, at most {size_max}")
    return _exactly(there, size)


def _exactly(there: socket.socket, size: int) -> bytes:
    pieces: list[bytes] = []
    while size:
        piece = there.recv(min(size, 1 << 20))
        if not piece:
            raise ConnectionError("the other side left")
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _with_address(path: Path, use: Callable[[str], None]) -> None:
    """Bind or connect to a path of any length."""
    if len(os.fsencode(path.resolve())) <= _PATH_BYTES_MAX:
        use(str(path.resolve()))
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        use(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
