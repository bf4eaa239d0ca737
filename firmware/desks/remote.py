"""The remote desk: commands from the fleet, and what is told of them (wire contract, 2; ADR 30).

Only the fleet can command: what is not signed by it, or is meant for another terminal, gets an alarm and no reply, because
a reply would tell the fleet something about a command it never gave. The result of a command stands in a record too, which
the backend acknowledges; until it has, the reply is told again whenever the link comes up.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import msgspec

from firmware.desks import Till
from firmware.desks.rest import at_rest
from firmware.events import DrawerPulsed, Event, LinkUp, OrderCame, RestartDevice, Tell, ToneName
from firmware.screens.remote import Locked, Sought, Updating
from firmware.screens.sell import BasketScreen
from firmware.screens.sell import Idle as ReadyToSell
from firmware.screens.stack import home
from firmware.txn import remote
from firmware.txn.command import Refusal
from firmware.txn.remote import BeginCommand, EndCommand, Known, TakeOrder
from firmware.txn.report_log import packed
from wire.facts import CommandEnded, Fact, NoSale, Quarantined, TerminalLocked, TerminalUnlocked, Trouble
from wire.fleet import Order, Reply, SendLog, command_name

DESK: Final = "remote"
LOOK_MS: Final = 5_000
"""How often a restart that waits looks whether the terminal is idle."""

RESTART_SHOWN_MS: Final = 5_000
"""The screen says so before it happens: any key puts it off."""

TONE_MS: Final = 2_000
RESTART_PATIENCE_MS: Final = 120_000
"""A device that has not gone down by then does not restart."""

REPLIES_MAX: Final = 16
JUDGED_MS: Final = 2_000
"""What was held and is refused without a record leaves the card so soon; after a cut before that it is refused once more."""

STORAGE: Final = frozenset({9002, 9003, 9013})
"""The card takes nothing now."""

JUDGE_AGAIN_MS: Final = 10_000
"""What is still held is judged again after this, or when the link comes: not with every key."""

CUT, DID_NOT_OPEN, NOT_DONE = 9016, 8001, 9001
PULSED: Final = {"opened": 0, "no_sensor": 0, "did_not_open": DID_NOT_OPEN, "no_drawer": 8003, "too_soon": 8006}

DECODER: Final = msgspec.json.Decoder(Order)


@dataclass(slots=True)
class RemoteDesk:
    """What this boot has under way; the rest is in the table."""

    name: str = DESK
    drawer: tuple[int, str] = (0, "")  # seq of the opening ordered from afar, and its command
    holds: bool = False  # commands wait on the card for the time
    judge_ms: int = 0  # not before this

    def booted(self, till: Till) -> None:
        """What a cut interrupted has failed, for all anybody knows, and is told so; a restart has happened by that very
        cut."""
        for each in remote.open_commands(till.ledger):
            if each.name == "update":
                continue  # goes on where it stopped
            if each.name != "reboot":
                till.do(EndCommand(each.cid, "failed", CUT, "cut off"))
            elif each.state == "begun" or each.about == "daemon":
                till.do(EndCommand(each.cid, "done"))
        self._look_later(till)
        if till.safe_mode:
            return  # cash alone (decisions 15): what waits for the time waits for an ordinary boot
        for cid in remote.unreadable_held(till.ledger):
            till.tell(Quarantined(f"held command {cid}"[:80], "not in the words of this release", ""))
            self._forget_held(till, cid)
        self.holds = bool(remote.held(till.ledger))

    def hear(self, till: Till, event: Event) -> None:
        """Commands; the time some wait for; the drawer's answer to one; the link, over which results may be missing."""
        if self.holds and till.now.trusted and not till.training and till.now.monotonic_ms >= self.judge_ms:
            self._judge_held(till)
        match event:
            case OrderCame() if not till.training:
                self._order(till, event)
            case DrawerPulsed(cause, outcome) if cause == self.drawer[0]:
                cid, self.drawer = self.drawer[1], (0, "")
                code = PULSED[outcome]
                till.do(EndCommand(cid, "failed" if code else "done", code, outcome))
            case LinkUp():
                self.judge_ms = 0
                for each in remote.told_since(till.ledger, till.ledger.acked_seq, REPLIES_MAX):
                    self._reply(till, each, up=True)
                for order in remote.held(till.ledger) if self.holds else ():
                    if remote.too_late(till.context(), order) is None:
                        self._say_held(till, order, up=True)
            case _:
                pass

    def fired(self, till: Till, what: str) -> None:
        """`idle`: is it time for a restart; `restart`: it is shown; `stuck`: it did not happen; `tone`: be heard."""
        match what:
            case "idle":
                self._restart_when_idle(till)
            case "restart":
                self._restart(till)
            case "stuck":
                for each in self._restarts(till):
                    till.do(EndCommand(each.cid, "failed", NOT_DONE, "the device did not restart"))
            case "tone":
                if any(isinstance(screen, Sought) for screen in till.stack):
                    till.tone(ToneName.ATTENTION)
                    till.timer("remote:tone", TONE_MS)
            case _:
                raise AssertionError(what)

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """A result is told at once; a lock shows itself where goods could be sold next."""
        match fact:
            case CommandEnded(cid):
                found = remote.known(till.ledger, cid)
                if found is not None:
                    self._reply(till, found)
            case TerminalLocked() if till.stack and isinstance(till.stack[-1], ReadyToSell | BasketScreen):
                till.stack = home(till.context())
            case TerminalUnlocked() if till.stack and isinstance(till.stack[-1], Locked):
                till.stack = home(till.context())
            case NoSale(event="remote"):
                self.drawer = (seq, self.drawer[1])
            case _:
                pass

    # --- a command comes ---

    def _order(self, till: Till, event: OrderCame) -> None:
        if not event.trusted:
            till.tell(Trouble(2019, f"{event.name[:16]} is not signed"))
            return
        try:
            order = DECODER.decode(event.text)
        except (msgspec.MsgspecError, UnicodeEncodeError) as wrong:
            digest = hashlib.sha256(event.text.encode("utf-8", "surrogatepass")).hexdigest()
            till.tell(Quarantined(f"command {event.name[:16]}", str(wrong)[:120], digest))
            return
        if order.terminal != till.ledger.terminal or command_name(order.command) != event.name:
            till.tell(Trouble(2019, f"{event.name[:16]} is not for here"))
            return
        found = remote.known(till.ledger, order.cid)
        if found is not None:
            self._reply(till, found)
        elif not remote.needs_time(till.context(), order):
            self._take(till, order)
        elif (told := self._hold(till, order)) is not None:
            self._say_held(till, order) if told else self._take(till, order)

    # --- before the time is known ---

    def _hold(self, till: Till, order: Order) -> bool | None:
        """Keep a command on the card until there is a time to judge it by, and say whether it is there; None when the card
        takes nothing, about which nothing is said: the backend sends again what has no answer. The broker hands over what is
        queued before the backend has told the time, and counts it as delivered: refused now, a lock would never take effect,
        and kept in memory alone, a cut would lose it."""
        if remote.too_late(till.context(), order) is not None:
            return False
        cids = [each.cid for each in remote.held(till.ledger)]
        if order.cid not in cids and len(cids) < remote.HELD_MAX:
            self._keep_held(till, order)
            till.commit()
            cids = [each.cid for each in remote.held(till.ledger)]
            if order.cid not in cids:
                return None
        self.holds = bool(cids)
        return order.cid in cids

    def _judge_held(self, till: Till) -> None:
        """The time is known: each is taken as if it came now, and leaves the card in the commit that takes it. One that
        has expired waits for the link, for nothing but its answer tells of it; while the card takes nothing all wait."""
        self.holds = False
        for order in remote.held(till.ledger):
            if till.devices.link != "up" and remote.too_late(till.context(), order) is not None:
                self.holds, self.judge_ms = True, till.now.monotonic_ms + JUDGE_AGAIN_MS
                continue
            self._forget_held(till, order.cid)
            if remote.known(till.ledger, order.cid) is None and not self._take(till, order, was_held=True):
                self._keep_held(till, order)
                self.holds, self.judge_ms = True, till.now.monotonic_ms + JUDGE_AGAIN_MS
                return

    def _keep_held(self, till: Till, order: Order) -> None:
        till.jot(
            f"held {order.cid}", "INSERT OR REPLACE INTO remote_held VALUES (?, ?, ?)", order.cid, order.issued_ms,
            msgspec.json.encode(order), within_ms=0,
        )  # fmt: skip

    def _forget_held(self, till: Till, cid: str) -> None:
        till.jot(f"held {cid}", "DELETE FROM remote_held WHERE cid = ?", cid, within_ms=JUDGED_MS)

    def _take(self, till: Till, order: Order, was_held: bool = False) -> bool:
        """Have it done, or refuse it; False, and nothing is said, for one that was held while the card takes nothing."""
        command = order.command
        pieces: tuple[bytes, ...] = ()
        if isinstance(command, SendLog) and remote.too_late(till.context(), order) is None:
            pieces = packed(till.context(), command.lines)
            self._keep(till, order.cid, pieces)
        before = self.drawer
        self.drawer = (0, order.cid) if command_name(command) == "drawer" else before
        refusal = till.do(TakeOrder(order, len(pieces)))
        if refusal is not None:
            self.drawer = before
            if was_held and refusal.code in STORAGE:
                return False
            self._refuse(till, order, refusal)
            return True
        found = remote.known(till.ledger, order.cid)
        assert found is not None
        if found.is_open:
            self._reply(till, found)
            self._begin(till, found)
            return True
        self.drawer = before  # of an order whose pulse is under way: two that were held are judged at one moment
        if found.state == "done" and found.name == "identify":
            self._show_oneself(till, order)
        return True

    def _begin(self, till: Till, taken: Known) -> None:
        """What takes long is begun by whose it is: the link, the diagnosis, the update follow their facts."""
        if taken.name == "reboot":
            till.timer("remote:idle", 0)

    def _show_oneself(self, till: Till, order: Order) -> None:
        seconds = getattr(order.command, "seconds", 10)
        till.above(Sought(seconds, till.now.monotonic_ms))
        till.tone(ToneName.ATTENTION)
        till.timer("remote:tone", TONE_MS)

    def _keep(self, till: Till, cid: str, pieces: tuple[bytes, ...]) -> None:
        """The data of this reply, and of the newest before it; it rides in the commit of the result."""
        till.jot(
            "parts", "DELETE FROM remote_part WHERE cid NOT IN (SELECT cid FROM command WHERE parts > 0"
            " ORDER BY taken DESC LIMIT ?)", remote.PARTS_KEPT_MAX - 1, within_ms=0,
        )  # fmt: skip
        for number, piece in enumerate(pieces, 1):
            till.jot(
                f"part {cid} {number}", "INSERT INTO remote_part VALUES (?, ?, ?)", cid, number, piece, within_ms=0
            )

    # --- what is told ---

    def _reply(self, till: Till, found: Known, up: bool = False) -> None:
        """The result, with its data; without a link it is told when there is one. `up`: it has just come."""
        if not (up or till.devices.link == "up") or till.training:
            return
        reply = found.reply()
        pieces = remote.data_of(till.ledger, found.cid) if found.parts else ()
        if not pieces:
            till.emit(Tell(msgspec.structs.replace(reply, parts=1)))
        for number, piece in enumerate(pieces, 1):
            till.emit(Tell(msgspec.structs.replace(reply, data=piece, part=number, parts=len(pieces))))

    def _say_held(self, till: Till, order: Order, up: bool = False) -> None:
        """That it has come and waits for the time; its result follows."""
        if (up or till.devices.link == "up") and not till.training:
            name, at_ms = command_name(order.command), max(0, till.now.wall_ms)
            till.emit(Tell(Reply(order.cid, name, "accepted", at_ms, remote.NO_CLOCK, "waits for the time")))

    def _refuse(self, till: Till, order: Order, refusal: Refusal) -> None:
        """One that came too late leaves no trace but this."""
        if till.devices.link == "up":
            reason = refusal.about if isinstance(refusal.about, str) else ""
            till.emit(
                Tell(
                    Reply(
                        order.cid, command_name(order.command), "refused", max(0, till.now.wall_ms), refusal.code,
                        reason[:200],
                    )
                )
            )  # fmt: skip

    # --- restarts ---

    def _restarts(self, till: Till) -> tuple[Known, ...]:
        return tuple(each for each in remote.open_commands(till.ledger) if each.name == "reboot")

    def _look_later(self, till: Till) -> None:
        if any(each.state == "open" for each in self._restarts(till)):
            till.timer("remote:idle", LOOK_MS)

    def _restart_when_idle(self, till: Till) -> None:
        """Say so on the screen, when nothing is under way and nobody is typing."""
        if not any(each.state == "open" for each in self._restarts(till)):
            return
        if at_rest(till):
            till.above(Updating())
            till.timer("remote:restart", RESTART_SHOWN_MS)
        else:
            till.timer("remote:idle", LOOK_MS)

    def _restart(self, till: Till) -> None:
        """Nobody pressed a key meanwhile."""
        waits = next((each for each in self._restarts(till) if each.state == "open"), None)
        if waits is None:
            return
        if not (till.stack and isinstance(till.stack[-1], Updating)):
            till.timer("remote:idle", LOOK_MS)
            return
        till.stack = till.stack[:-1]
        if till.do(BeginCommand(waits.cid)) is not None:
            till.timer("remote:idle", LOOK_MS)
        elif waits.about == "device":
            till.emit(RestartDevice())
            till.timer("remote:stuck", RESTART_PATIENCE_MS)
        else:
            till.stop("reboot")
