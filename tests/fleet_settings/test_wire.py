"""Over a real broker: what is pushed lies there retained, commands arrive, replies and reports come back."""

import threading

import msgspec

from fleet import admin
from fleet.admin import Call, Caller, Where
from tests.backend import FLEET_KEY, Backend
from tests.bus import Bus, Publisher
from tests.fleet_settings.office import reported
from tests.mosquitto import broker  # noqa: F401 - the fixture
from wire.fleet import Desired, Identify, Order, Reply, Signed, signed_text

ANNA = Caller(name="anna")


def asked(backend, request, nonce=0):
    done, replies = threading.Event(), []
    call = Call(by=ANNA, request=request, why="because", nonce=f"{nonce:032x}")
    backend.ingest.ask(call, lambda reply: (replies.append(reply), done.set()))
    assert done.wait(30)
    return replies[0]


def body(raw, purpose, kind):
    signed = msgspec.json.decode(raw, type=Signed)
    FLEET_KEY.public_key().verify(bytes.fromhex(signed.signature), signed_text(purpose, signed.text))
    return msgspec.json.decode(signed.text, type=kind)


def test_settings_reach_terminals_that_come_later_and_commands_those_that_are_there(broker, tmp_path):  # noqa: F811
    count = 200
    with Backend(tmp_path / "fleet.db", broker.host, broker.port) as backend, Bus(broker) as bus:
        rows = tuple(admin.Registered(terminal=f"T{n:04}") for n in range(count))
        asked(backend, admin.Register(rows=rows))
        asked(backend, admin.PutLayer(layer="fleet", document={"shop": {"name": "总店"}}))
        assert asked(backend, admin.Push()).terminals == count
        bus.until(lambda: len([1 for topic, _ in bus.messages if topic.endswith("dn/desired")]) >= count)
        with Bus(broker, "pos/v1/T0199/dn/#") as late:
            late.until(lambda: late.messages)
            assert body(late.messages[0][1], "settings", Desired).document == {"shop": {"name": "总店"}}
        ordered = asked(backend, admin.SendCommand(where=Where(terminals=("T0007",)), command=Identify()))
        bus.until(lambda: bus.on("pos/v1/T0007/dn/cmd/identify"))
        order = body(bus.on("pos/v1/T0007/dn/cmd/identify")[0], "command", Order)
        assert order.cid == ordered.cids["T0007"]
        terminal = Publisher(broker)
        terminal.send("pos/v1/T0007/up/reported", msgspec.json.encode(reported(1)), retain=True)
        reply = Reply(order.cid, "identify", "done", 5)
        terminal.send(f"pos/v1/T0007/up/reply/{order.cid}", msgspec.json.encode(reply))
        terminal.close()
        while asked(backend, admin.Commands(cid=order.cid)).rows[0].status != "done":
            pass
        look = asked(backend, admin.ShowTerminal(terminal="T0007")).look
        assert (look.reported.status, look.desired_rev) == ("applied", 1)
        while any(row.unpublished for row in asked(backend, admin.ListTerminals(limit=1_000)).rows):
            pass
