"""Settings are as long as one message to a terminal may be, in bytes as they travel; nothing longer reaches the broker."""

import logging
import threading
import time
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from fleet import admin, ingest, mqtt5
from fleet.admin import Call, Caller, Registered, Where
from fleet.desk import layers
from fleet.desk.sql_settings import desired
from fleet.mqtt import _properties
from fleet.sql import SqlStore
from tests.backend import WAIT_S, Backend
from tests.fleet_settings.office import Office, desired_of
from tests.mosquitto import Broker
from wire.channels import DESIRED, PACKET_SIZE_MAX
from wire.fleet import AUDIENCE_MAX, audiences

FILE = {"sha256": "a" * 64, "size": 2**31, "url": "https://" + "x" * 490}


def promotions(count: int) -> dict[str, object]:
    rows = [
        {"sku": f"69{n:011}", "price_fen": 990, "name": "夏日大促销", "valid_from": "2026-06-01", "valid_to": "2026-08-31"}
        for n in range(count)
    ]  # fmt: skip
    return {"prices": {"item_promotions": rows}, "files": {"help": FILE, "goods": FILE}}


LONGEST = max(n for n in range(600) if layers.packet_bytes(promotions(n)) <= PACKET_SIZE_MAX)


def whole_packet(effect) -> bytes:
    topic = DESIRED.topic(effect.terminal).encode()
    return mqtt5.publish(topic, msgspec.json.encode(effect.signed), 1, 0xFFFF, True, _properties(DESIRED.expiry_s))


def test_the_longest_document_that_is_taken_fits_with_its_signature_and_32_longest_names():
    office = Office()
    office.register(*((f"{n:032}", "", "") for n in range(AUDIENCE_MAX)))
    assert isinstance(office.layer("fleet", promotions(LONGEST)), admin.LayerPut)
    office.push()
    sent = office.pump()
    assert len(sent) == AUDIENCE_MAX
    assert len(audiences(desired_of(sent[0]).audience)) == AUDIENCE_MAX
    size = len(whole_packet(sent[0]))
    assert PACKET_SIZE_MAX - 1_000 < size <= PACKET_SIZE_MAX - 256, "a broker may want something before the topic"


def test_the_next_longer_one_is_refused_by_put_push_and_dry_run(monkeypatch):
    office = Office()
    office.register(("A1", "", ""))
    too_long = promotions(LONGEST + 1)
    assert len(layers.canonical(too_long).decode()) < layers.DOCUMENT_CHARS_MAX, "it is not the signs that are too many"
    put = office.layer("fleet", too_long)
    (fault,) = put.faults
    assert (put.reason, fault.path, fault.reason, fault.code) == ("faults", "$", "too_many_bytes", 9004)
    size, most = map(int, fault.detail.split(" > "))
    assert most == PACKET_SIZE_MAX < size
    with monkeypatch.context() as before:  # as a release before took it
        before.setattr(layers, "PACKET_SIZE_MAX", 2 * PACKET_SIZE_MAX)
        assert isinstance(office.layer("fleet", too_long), admin.LayerPut)
    assert office.ask(admin.DryRun(where=Where())).faults[0].reason == "too_many_bytes"
    assert office.push().faults[0].reason == "too_many_bytes"
    assert office.pump() == []


class Desk:
    """A backend at a real broker, and its admin door."""

    def __init__(self, backend: Backend, path: Path) -> None:
        self.backend = backend
        self.store = SqlStore(path, read_only=True)

    def ask(self, request):
        got, there = [], threading.Event()
        call = Call(by=Caller(name="anna"), request=request, why="because", nonce=f"{id(request):032x}")
        self.backend.ingest.ask(call, lambda reply: (got.append(reply), there.set()))
        assert there.wait(WAIT_S)
        return got[0]

    def due(self) -> dict[str, tuple[int, int]]:
        """By terminal: since when the broker has it, and since when it is due."""
        with self.store.begin() as books:
            rows = books._db.execute(sa.select(desired.c.terminal, desired.c.sent_ms, desired.c.due_ms))
            return {terminal: (sent_ms, due_ms) for terminal, sent_ms, due_ms in rows}


@pytest.mark.parametrize(("limit", "count"), [(PACKET_SIZE_MAX, LONGEST + 30), (20_000, 200)])
def test_what_is_too_long_for_the_broker_is_set_aside_and_the_connection_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, limit: int, count: int
):
    monkeypatch.setattr(layers, "PACKET_SIZE_MAX", 2 * PACKET_SIZE_MAX)  # as a release before took it
    caplog.set_level(logging.ERROR, "fleet.mqtt")
    with (
        Broker(tmp_path, f"max_packet_size {limit}") as broker,
        Backend(tmp_path / "fleet.db", broker.host, broker.port) as backend,
    ):
        desk = Desk(backend, tmp_path / "fleet.db")
        desk.ask(admin.Register(rows=(Registered(terminal="A1"), Registered(terminal="A2"))))
        assert isinstance(desk.ask(admin.PutLayer(layer="terminal:A1", document=promotions(count))), admin.LayerPut)
        assert isinstance(desk.ask(admin.Push(where=Where())), admin.Pushed)
        until = time.monotonic() + WAIT_S
        while not desk.due() or any(not sent_ms or due_ms for sent_ms, due_ms in desk.due().values()):
            assert time.monotonic() < until, desk.due()
            time.sleep(0.05)
        assert set(desk.due()) == {"A1", "A2"}
        desk.store.close()
        assert backend.troubles == []
    (said,) = [record.getMessage() for record in caplog.records if record.name == "fleet.mqtt"]
    assert said.startswith("pos/v1/A1/dn/desired: ")
    assert said.endswith(f"of at most {limit}; not sent")


def test_a_broker_that_refuses_some_for_ever_keeps_nothing_from_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ingest, "IN_FLIGHT_MAX", 2)
    monkeypatch.setattr(ingest, "AGAIN_MS", 200)
    monkeypatch.setattr(ingest, "TICK_MS", 50)
    acl = tmp_path / "acl"
    acl.write_text("topic deny pos/v1/A1/dn/desired\ntopic deny pos/v1/A2/dn/desired\ntopic readwrite #\n")

    def utc_ms() -> int:
        return time.time_ns() // 1_000_000

    with (
        Broker(tmp_path, f"acl_file {acl}") as broker,
        Backend(tmp_path / "fleet.db", broker.host, broker.port, utc_ms=utc_ms) as backend,
    ):
        desk = Desk(backend, tmp_path / "fleet.db")
        for names in (("A1", "A2"), ("A3",)):
            desk.ask(admin.Register(rows=tuple(Registered(terminal=name) for name in names)))
            assert isinstance(desk.ask(admin.Push(where=Where(terminals=names))), admin.Pushed)
        until = time.monotonic() + WAIT_S
        while "A3" not in desk.due() or desk.due()["A3"][1]:
            assert time.monotonic() < until, desk.due()
            time.sleep(0.05)
        assert all(due_ms for name, (_, due_ms) in desk.due().items() if name != "A3"), "they may be given it yet"
        desk.store.close()


def test_a_quotation_mark_in_a_text_counts_as_four_bytes_and_a_chinese_sign_as_three():
    plain, quotes, signs = ({"shop": {"name": each * 100}} for each in ("x", '"', "好"))
    sizes = [layers.packet_bytes(doc) for doc in (plain, quotes, signs)]
    assert [size - sizes[0] for size in sizes] == [0, 300, 200]
    assert sizes[0] == layers.ENVELOPE_BYTES + len(msgspec.json.encode(layers.canonical(plain).decode()))
