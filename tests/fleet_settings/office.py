"""The core over a store in memory with people at its admin door, and terminals that speak real messages."""

from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet import admin
from fleet.admin import Call, Caller, Registered, Reply, Request, Where
from fleet.core import Admin, Arrived, Core, DeskTick, Message, Pump, Tick
from fleet.effects import Effect, MoreDue, SendCommand, SendDesired, Sent, Told
from fleet.ingest import AGAIN_MS
from tests.stores import new_store
from wire.fleet import Desired, Order, Reported, audiences, signed_text
from wire.messages import State

NOW = 1_800_000_000_000
KEY = Ed25519PrivateKey.from_private_bytes(b"f" * 32)
ANNA, BORIS = Caller(name="anna"), Caller(name="boris")


class Office:
    """Short words for tests. `now` is the backend's clock."""

    def __init__(self, store: Any = None) -> None:
        self.store = store or new_store()
        self.core = Core(self.store, KEY.sign)
        self.now = NOW
        self.sent: list[Effect] = []
        self.nonce = 0
        self.under_way: dict[Sent, int] = {}  # to the broker, since when

    def restart(self) -> None:
        """Another process over the same store."""
        self.core = Core(self.store, KEY.sign)
        self.under_way = {}

    def ask(self, request: Request, by: Caller = ANNA, why: str = "because") -> Reply:
        self.nonce += 1
        effects = self.core.step(Admin(self.now, Call(by=by, request=request, why=why, nonce=f"{self.nonce:032x}")))
        (reply,) = [each.reply for each in effects if isinstance(each, Told)]
        self.sent += [each for each in effects if not isinstance(each, Told)]
        msgspec.json.decode(msgspec.json.encode(reply), type=Reply)  # type: ignore[call-overload]
        return reply

    def register(self, *rows: tuple[Any, ...]) -> None:
        """(terminal, group, shop, *tags) each."""
        made = tuple(Registered(terminal=t, group=g, shop=s, tags=tuple(tags)) for t, g, s, *tags in rows)
        assert self.ask(admin.Register(rows=made)) == admin.Done(count=len(rows))

    def say(self, terminal: str, rest: str, payload: Any, retained: bool = False) -> list[Effect]:
        """A terminal speaks."""
        body = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
        effects = self.core.step(Arrived(self.now, (Message(terminal, rest, body, retained),)))
        self.sent += effects
        return effects

    def online(self, terminal: str, **more: Any) -> None:
        self.say(terminal, "state", State(True, **({"boot_id": "b1", "software": "1.0"} | more)))

    def tick(self, after_ms: int = 10_000) -> list[Effect]:
        self.now += after_ms
        effects = self.core.step(Tick(self.now)) + self.core.step(DeskTick(self.now))
        self.sent += effects
        return effects

    def terminals(self, **where: Any) -> list[str]:
        reply = self.ask(admin.ListTerminals(where=Where(**where)))
        assert isinstance(reply, admin.Terminals)
        return [row.terminal for row in reply.rows]

    def pump(self, *, taken: bool = True) -> list[Effect]:
        """Send all that is due; the broker has it at once unless `taken` is false."""
        found: list[Effect] = []
        while True:
            effects = self.pump_once(taken=taken)
            found += [each for each in effects if not isinstance(each, MoreDue)]
            if not any(isinstance(each, MoreDue) for each in effects):
                return found

    def pump_once(self, *, taken: bool = True) -> list[Effect]:
        """Send a little of it, as the backend's connection does. What the broker does not take is under way for a minute."""
        self.under_way = {sent: at_ms for sent, at_ms in self.under_way.items() if at_ms > self.now - AGAIN_MS}
        effects = self.core.step(Pump(self.now, under_way=frozenset(self.under_way)))
        made = tuple(each.sent for each in effects if isinstance(each, SendDesired | SendCommand))
        self.under_way |= dict.fromkeys(made, self.now)
        if taken:
            self.taken(effects)
        return effects

    def taken(self, effects: list[Effect]) -> None:
        """The broker has these."""
        made = tuple(each.sent for each in effects if isinstance(each, SendDesired | SendCommand))
        self.under_way = {sent: at_ms for sent, at_ms in self.under_way.items() if sent not in made}
        self.core.step(Pump(self.now, made, 0))

    def layer(self, name: str, document: Any, **more: Any) -> Reply:
        return self.ask(admin.PutLayer(layer=name, document=document, **more))

    def push(self, **where: Any) -> Reply:
        return self.ask(admin.Push(where=Where(**where)))


def desired_of(effect: Effect) -> Desired:
    """What a terminal reads: the body, its signature checked as a terminal does."""
    assert isinstance(effect, SendDesired)
    KEY.public_key().verify(bytes.fromhex(effect.signed.signature), signed_text("settings", effect.signed.text))
    desired = msgspec.json.decode(effect.signed.text, type=Desired)
    assert f"terminal:{effect.terminal}" in audiences(desired.audience)
    assert desired.rev == effect.rev
    return desired


def order_of(effect: Effect) -> Order:
    """A command as a terminal reads it."""
    assert isinstance(effect, SendCommand)
    KEY.public_key().verify(bytes.fromhex(effect.signed.signature), signed_text("command", effect.signed.text))
    return msgspec.json.decode(effect.signed.text, type=Order)


def reported(rev: int, status: Any = "applied", **more: Any) -> Reported:
    """A terminal's word about its settings."""
    before = {"desired_rev": rev, "rev": rev if status == "applied" else max(0, rev - 1)}
    return Reported(**(before | {"status": status, "sha256": "0" * 64, "at_ms": NOW, "clock": "trusted"} | more))
