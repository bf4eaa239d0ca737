"""The door in the data folder: the running server answers, and without one the folder's lock is taken."""

import os
import pwd
import socket
import stat
import struct
import threading

import msgspec
import pytest

from fleet import accounts, admin, home
from fleet.admin import Call, Caller, Where
from fleet.core import Admin, Core
from fleet.desk.giving import LOT
from fleet.door import SOCKET, Door, NobodyThere, ask, ask_server
from fleet.effects import Told
from fleet.sql import SqlStore
from tests.backend import FLEET_KEY, Served
from tests.fleet_settings.office import NOW
from tests.mosquitto import broker  # noqa: F401 - the fixture
from texts import t

ANNA = Caller(name="anna")
ENTER = Call(by=ANNA, request=admin.Register(rows=(admin.Registered(terminal="A1", shop="s1"),)))
LOOK = Call(by=ANNA, request=admin.ListTerminals())


def now():
    return NOW


@pytest.fixture
def served(tmp_path):
    """A door whose calls are taken on a thread of their own, as the server does it."""
    store = SqlStore()
    core = Core(store, FLEET_KEY.sign)
    lock = threading.Lock()

    def take(call, answer):
        with lock:
            answer(next(each.reply for each in core.step(Admin(NOW, call)) if isinstance(each, Told)))

    door = Door(tmp_path, take)
    door.start()
    yield tmp_path
    door.stop()
    store.close()


def test_without_a_server_the_caller_steps_the_core_itself(tmp_path):
    assert ask(tmp_path, ENTER, now) == admin.Done(count=1)
    (row,) = ask(tmp_path, LOOK, now).rows
    assert (row.terminal, row.shop) == ("A1", "s1")
    with home.held(tmp_path), pytest.raises(home.InUse):
        ask(tmp_path, ENTER, now)


def test_without_a_server_a_push_to_many_is_given_with_its_answer(tmp_path):
    """There is no pump that would give it lot by lot, until a server starts."""
    names = [f"M{number:04}" for number in range(LOT + 1)]
    rows = tuple(admin.Registered(terminal=name) for name in names)
    assert ask(tmp_path, Call(by=ANNA, request=admin.Register(rows=rows)), now) == admin.Done(count=len(names))
    push = Call(by=ANNA, request=admin.Push(where=Where()), why="first", nonce="1" * 32)
    assert ask(tmp_path, push, now).terminals == len(names)
    (row,) = ask(tmp_path, Call(by=ANNA, request=admin.ListTerminals(after=names[-2], limit=1)), now).rows
    assert (row.terminal, row.desired_rev) == (names[-1], 1)


def test_a_running_server_is_asked(served):
    assert ask_server(served, ENTER) == admin.Done(count=1)
    assert [row.terminal for row in ask_server(served, LOOK).rows] == ["A1"]


def by_raw(data, call):
    """Sent as it stands, as any program could that may open the door."""
    body = msgspec.json.encode(call)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(data / SOCKET))
        client.sendall(struct.pack(">I", len(body)) + body)
        heard = b"".join(iter(lambda: client.recv(65_536), b""))
    return msgspec.json.decode(heard[4:], type=admin.Reply)


def test_whose_call_it_is_says_the_kernel_and_not_the_call(served):
    assert by_raw(served, ENTER) == admin.Done(count=1)
    (row,) = ask_server(served, Call(by=ANNA, request=admin.Audit())).rows
    assert row.who == pwd.getpwuid(os.getuid()).pw_name != ANNA.name


def test_an_account_without_a_name_is_its_number(served, monkeypatch):
    monkeypatch.setattr("fleet.accounts.pwd.getpwuid", lambda uid: {}[uid])
    assert by_raw(served, ENTER) == admin.Done(count=1)
    (row,) = ask_server(served, Call(by=ANNA, request=admin.Audit())).rows
    assert row.who == f"uid {os.getuid()}"


@pytest.fixture
def of_another(served):
    """The folder's owner is not root."""
    if os.getuid() == 0:
        os.chown(served, 4242, -1)
    return served


def rows_of(data):
    return [(row.who, row.detail) for row in ask(data, Call(by=ANNA, request=admin.Audit()), now).rows]


@pytest.mark.parametrize("is_served", [True, False])
def test_root_is_no_other_person_than_the_owner_of_the_folder(of_another, tmp_path_factory, monkeypatch, is_served):
    """What one starts the other may not approve, with `posfleet serve` or without it."""
    folder = of_another if is_served else tmp_path_factory.mktemp("alone")
    os.chown(folder, os.stat(of_another).st_uid, -1)
    owner = accounts.account(os.stat(folder).st_uid)
    for uid in (os.stat(folder).st_uid, 0):
        monkeypatch.setattr("fleet.door.peer_uid", lambda _client, uid=uid: uid)
        monkeypatch.setattr("fleet.door.os.getuid", lambda uid=uid: uid)
        forged = Caller(name="bert", sudo="bert", account="bert")
        assert isinstance(ask(folder, msgspec.structs.replace(ENTER, by=forged), now), admin.Done)
    (later, by_root), (first, by_owner) = rows_of(folder)
    assert (first, later) == (owner, owner)
    assert (by_owner.split("; ")[0], by_root.split("; ")[:2]) == ("sudo bert", ["root", "sudo bert"])


@pytest.mark.parametrize("is_served", [True, False])
def test_a_user_namespace_makes_nobody_another_person(served, tmp_path_factory, monkeypatch, is_served):
    """There an account is root, or whoever it likes; and so is the folder's owner, seen from there."""
    folder = served if is_served else tmp_path_factory.mktemp("alone")
    mapped = tmp_path_factory.mktemp("proc") / "uid_map"
    mapped.write_text(f"         {os.getuid()}       4242          1\n")
    monkeypatch.setattr(accounts, "UID_MAP", mapped)
    monkeypatch.setattr("fleet.door.peer_uid", lambda _client: 65_534)  # as an account of no number here is seen
    assert ask(folder, ENTER, now) == admin.Done(count=1)
    ((who, _),) = rows_of(folder)
    assert who == "uid 4242"


def test_only_the_owner_may_open_the_door(served):
    assert stat.S_IMODE(os.stat(served / SOCKET).st_mode) == 0o600


def test_a_closed_door_is_no_server(served, tmp_path):
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    with pytest.raises(NobodyThere):
        ask_server(nowhere, LOOK)
    (nowhere / SOCKET).touch()
    with pytest.raises((NobodyThere, OSError)):
        ask_server(nowhere, LOOK)


@pytest.mark.parametrize(
    "raw", [b"{}", b"[" * 100_000, b"\xff\xfe", b'{"by":{"name":""},"request":{"type":"audit"}}', b""]
)
def test_what_is_no_call_is_refused_and_harms_nobody(served, raw):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(served / SOCKET))
        client.sendall(struct.pack(">I", len(raw)) + raw)
        client.shutdown(socket.SHUT_WR)
        heard = b"".join(iter(lambda: client.recv(65_536), b""))
    assert msgspec.json.decode(heard[4:], type=admin.Refused).reason == "bad_request"
    assert isinstance(ask_server(served, LOOK), admin.Terminals)


def test_a_caller_that_hangs_up_harms_nobody(served):
    for _ in range(40):  # more than may be served at once
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(served / SOCKET))
            client.sendall(b"\x00\x00")
    assert isinstance(ask_server(served, LOOK), admin.Terminals)


def test_a_folder_with_a_long_name_has_a_door_too(tmp_path):
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    door = Door(deep, lambda _call, answer: answer(admin.Done(count=7)))
    door.start()
    assert ask_server(deep, ENTER) == admin.Done(count=7)
    door.stop()


def test_who_waits_in_vain_is_not_told_that_nothing_was_changed(tmp_path, monkeypatch):
    """The writing thread may carry it out as soon as the disk has room again."""
    monkeypatch.setattr("fleet.door.ANSWER_TIMEOUT_S", 0.05)
    door = Door(tmp_path, lambda _call, _answer: None)
    door.start()
    try:
        reply = ask_server(tmp_path, ENTER)
    finally:
        door.stop()
    assert reply == admin.Refused(reason="late")
    assert "may still be carried out" in t("fleet", "en", "refused_step__late")


def test_the_real_server_answers_at_its_door(broker, tmp_path):  # noqa: F811
    with Served(tmp_path / "data", broker.port):
        assert ask(tmp_path / "data", ENTER, now) == admin.Done(count=1)
        assert ask_server(tmp_path / "data", LOOK).rows[0].terminal == "A1"
        tagged = Call(by=ANNA, request=admin.SetTags(where=Where(), add=("x",)))
        assert ask(tmp_path / "data", tagged, now) == admin.Done(count=1)
    assert [row.tags for row in ask(tmp_path / "data", LOOK, now).rows] == [("x",)]
