"""The link desk: records to the backend until it has acknowledged them, the terminal's state, the journal's number.

What the backend has acknowledged is a number in the ledger; here is only what is under way. After any break of the link
everything begins again at that number (wire contract, 3).
"""

from dataclasses import dataclass, field, replace

from firmware.desks import Till
from firmware.desks.patience import doubled_ms
from firmware.events import (
    Acked,
    Announce,
    Answered,
    AskEpoch,
    EpochAnswered,
    Event,
    KeyTrouble,
    LinkDown,
    LinkUp,
    NetworkSeen,
    PacketRefused,
    Send,
    ToneName,
    WireGarbage,
)
from firmware.txn import life
from firmware.txn.link import BACKLOG, FAULTS
from firmware.txn.outbox import RESEND_MS, RESEND_MS_MAX, Outbox, packets
from firmware.txn.remote import EndCommand
from wire.board import NetworkFault, NetworkKind
from wire.facts import CommandTaken, EpochGranted, Fact, Quarantined, Trouble
from wire.records import PACKET_RECORDS_MAX, PACKETS_IN_FLIGHT_MAX

ASK_AGAIN_MS = 30_000
WANTED_MAX = 8
"""Ranges the backend misses that are sent again for one acknowledgement."""

CERTIFICATE, TOO_LARGE, MALFORMED, BUSY, CONFLICT = 1006, 1008, 1009, 1010, 1013
REFUSED_PACKETS = {0x95: TOO_LARGE, 0x96: BUSY, 0x97: BUSY}
"""MQTT's reasons for refusing a packet -> our codes: too large, too many a second, a quota."""

REPLAY_PACKETS, REPLAY_EVERY_MS = 4, 500
"""Records the fleet wants once more leave so many packets at a time."""

DESK = "link"


@dataclass(slots=True)
class LinkDesk:
    """One link, to one backend."""

    name: str = DESK
    outbox: Outbox = field(default_factory=Outbox)
    announced: tuple[str, str] = ("", "")  # printer and clock, as the backend knows them
    alarmed: bool = False  # it has been said that too much waits here
    replay: tuple[str, int, int] = ("", 0, 0)  # command, next and last seq of records the fleet wants once more
    silences: int = 0  # times in a row that everything was sent again for want of an acknowledgement
    expecting: bool = False  # the timer runs after which a silent backend counts as offline

    def booted(self, till: Till) -> None:
        """Whatever is not acknowledged is due."""
        self.outbox = Outbox(till.ledger.acked_seq)

    def hear(self, till: Till, event: Event) -> None:
        """Take what came over the link; then, whatever happened, send what is due."""
        match event:
            case LinkUp():
                self._up(till)
            case LinkDown(code):
                self._down(till, code)
            case Acked(ack):
                self._acked(till, ack.epoch, ack.upto, ack.wanted)
            case EpochAnswered(epoch, number):
                self._numbered(till, epoch, number)
            case Answered():
                self._answered(till)
            case PacketRefused(first, last, reason):
                code = REFUSED_PACKETS.get(reason, MALFORMED)
                self._note(till, code)
                till.tell(Trouble(code, f"packet {first}-{last} refused by the broker: {reason:#04x}"))
            case WireGarbage(topic, reason, digest):
                self._note(till, MALFORMED)
                till.tell(Quarantined(topic, reason, digest))
            case KeyTrouble(detail):
                self._note(till, CERTIFICATE)
                till.tell(Trouble(CERTIFICATE, detail))
            case NetworkSeen(kind, percent, fault):
                self._network(till, kind, percent, fault)
            case _:
                pass
        if till.devices.link == "up" and self.announced != (till.devices.printer, till.now.clock):
            self._announce(till)
        self._stream(till)
        self._backlog(till)

    def fired(self, till: Till, what: str) -> None:
        """`ack`: nothing for long, send again; `replay`: some more of what the fleet wants again; `epoch`: ask again;
        `offline`: the backend counts as away."""
        match what:
            case "epoch":
                self._ask_epoch(till)
            case "replay":
                self._replay(till)
            case "ack":
                self.silences += 1
                self.outbox = Outbox(till.ledger.acked_seq)
            case "offline":
                self.expecting = False
                till.devices = replace(till.devices, answered=False)
            case _:
                raise AssertionError(what)

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """Every record travels, whatever it says; one says which are to travel once more."""
        if isinstance(fact, CommandTaken) and fact.name == "replay":
            first, _, last = fact.about.partition("-")
            self.replay = (fact.cid, int(first), int(last))
            till.timer("link:replay", REPLAY_EVERY_MS)

    # --- what came ---

    def _note(self, till: Till, code: int) -> None:
        """Something was wrong with what travelled: to be read on the network screen until the link is made anew."""
        if code not in till.devices.link_notes:
            till.devices = replace(till.devices, link_notes=(*till.devices.link_notes, code))

    def _network(self, till: Till, kind: NetworkKind, percent: int | None, fault: NetworkFault) -> None:
        was = till.devices.network_fault
        till.devices = replace(till.devices, network=kind, signal_percent=percent, network_fault=fault)
        if fault and fault != was:
            till.tell(Trouble(FAULTS[fault], kind))

    def _backlog(self, till: Till) -> None:
        """So many records wait here alone that it is worth an alarm, once until half of them are gone (1012). The screen
        that is ready to sell says so as long as it lasts; nothing holds up selling."""
        waits, alarm = till.ledger.durable_seq - till.ledger.acked_seq, till.settings.network.backlog_alarm
        if waits >= alarm and not self.alarmed:
            self.alarmed = True
            till.tell(Trouble(BACKLOG, f"{waits} records"))
            till.tone(ToneName.ATTENTION)
        elif self.alarmed and waits < alarm // 2:
            self.alarmed = False

    def _up(self, till: Till) -> None:
        till.devices = replace(till.devices, link="up", answered=True, link_code=0, link_notes=())
        self.outbox, self.silences = Outbox(till.ledger.acked_seq), 0
        self._announce(till)
        self._ask_epoch(till)

    def _down(self, till: Till, code: int) -> None:
        till.devices = replace(till.devices, link="down", link_code=code)
        self.outbox = Outbox(till.ledger.acked_seq)
        till.stop_timer("link:ack")
        self._expect_nothing(till)

    def _acked(self, till: Till, epoch: int, upto: int, wanted: tuple[tuple[int, int], ...]) -> None:
        if epoch != till.ledger.epoch or not 0 <= upto <= till.ledger.durable_seq:
            till.tell(Quarantined("ack", f"epoch {epoch} upto {upto}", ""))
            return
        till.ledger.note_acked(upto)
        self.silences = 0
        self._answered(till)
        self.outbox = self.outbox.acked(upto)
        self._send_again(till, wanted)
        if self.outbox.in_flight:
            self._wait_for_ack(till)
            self._expect_answer(till)
        else:
            till.stop_timer("link:ack")

    def _wait_for_ack(self, till: Till) -> None:
        """Longer each time: a backend that cannot keep up must not get everything twice from everybody."""
        till.timer("link:ack", doubled_ms(RESEND_MS, self.silences, RESEND_MS_MAX))

    def _send_again(self, till: Till, wanted: tuple[tuple[int, int], ...]) -> None:
        """Records the backend misses, also acknowledged ones: it may have been restored from an older copy. What it
        still misses then it asks for again, so nothing is remembered here."""
        for first, last in wanted[:WANTED_MAX]:
            if first <= last and till.devices.link == "up":
                due = till.ledger.records(first - 1, min(last - first + 1, PACKETS_IN_FLIGHT_MAX * PACKET_RECORDS_MAX))
                for packet in packets(due, PACKETS_IN_FLIGHT_MAX):
                    till.emit(Send(packet))

    def _replay(self, till: Till) -> None:
        """A few packets at a time, and only while new records do not need the credit: selling comes first."""
        cid, first, last = self.replay
        if not cid:
            return
        room = min(REPLAY_PACKETS, self.outbox.credit - PACKETS_IN_FLIGHT_MAX // 2)
        if till.devices.link == "up" and not till.safe_mode and room > 0:
            due = till.ledger.records(first - 1, min(last - first + 1, room * PACKET_RECORDS_MAX))
            for packet in packets(due, room):
                till.emit(Send(packet))
                first = packet.records[-1].seq + 1
            self.replay = (cid, first, last)
        if first > last or not till.ledger.records(first - 1, 1):
            self.replay = ("", 0, 0)
            till.do(EndCommand(cid, "done"))
        else:
            till.timer("link:replay", REPLAY_EVERY_MS)

    def _numbered(self, till: Till, epoch: int, number: int) -> None:
        self._answered(till)
        if epoch == till.ledger.epoch and 1 <= number <= 99 and not life.value(till.ledger, "epoch_number"):
            till.append(EpochGranted(number))
            till.commit()
            till.stop_timer("link:epoch")
        elif epoch == till.ledger.epoch and number == 0:
            self._note(till, CONFLICT)
            till.tell(Trouble(CONFLICT, "epoch refused"))

    # --- whether the backend is there ---

    def _answered(self, till: Till) -> None:
        till.devices = replace(till.devices, answered=True)
        self._expect_nothing(till)

    def _expect_nothing(self, till: Till) -> None:
        self.expecting = False
        till.stop_timer("link:offline")

    def _expect_answer(self, till: Till) -> None:
        """Something waits for the backend's answer: after `network.offline_after_s` without one it counts as offline."""
        if till.devices.answered and not self.expecting:
            self.expecting = True
            till.timer("link:offline", till.settings.network.offline_after_s * 1000)

    # --- what leaves ---

    def _announce(self, till: Till) -> None:
        self.announced = (till.devices.printer, till.now.clock)
        till.emit(Announce(till.state()))

    def _ask_epoch(self, till: Till) -> None:
        """Ask the backend for this journal's number, again and again until it is granted."""
        if till.devices.link == "up" and not life.value(till.ledger, "epoch_number"):
            till.emit(AskEpoch(till.ledger.epoch, till.journal_key))
            self._expect_answer(till)
            till.timer("link:epoch", ASK_AGAIN_MS)

    def _stream(self, till: Till) -> None:
        """Give the uplink what it has credit for."""
        if till.devices.link != "up" or till.safe_mode or not self.outbox.credit:
            return
        after = max(self.outbox.sent_upto, till.ledger.acked_seq)
        if after >= till.ledger.durable_seq:
            return
        due = till.ledger.records(after, self.outbox.credit * PACKET_RECORDS_MAX)
        ready = packets(due, self.outbox.credit)
        self.outbox = self.outbox.sent(ready)
        for packet in ready:
            till.emit(Send(packet))
        self._wait_for_ack(till)
        self._expect_answer(till)
