"""Key strokes of the most frequent jobs, played on the real terminal, beside what public manuals of other tills ask for.

Every job is played from the ready screen to its last key, and the journal must show that it was done. What counts is every
key and every scan of the operator; nothing before (sign-on, opening the shift) and nothing the customer does.

Seconds are modelled, not measured: the keystroke-level model of Card, Moran and Newell (The Keystroke-Level Model for
User Performance Time with Interactive Systems, CACM 23(7), 1980). K, a key: 0.28 s, an average non-secretary typist; M,
thinking of what comes next: 1.35 s, once before each part of a job (`|` in a script). A scan is no operator of theirs: S
is 1.5 s here, our own assumption: P (1.1 s, pointing at a target) and the trigger. What the other till does is counted
from the document named, by the same rules; where no public document tells, that is said and nothing is compared.
"""

from dataclasses import dataclass, field
from typing import Final

from benchmarks.harness import Figure, Scale
from firmware.events import Answered, Ask, AskEpoch, Effect, EpochAnswered, LinkUp
from firmware.training.bank import Bank
from rules.catalogue import demo_goods
from tests.counter import Counter

KEY_S: Final = 0.28
MIND_S: Final = 1.35
SCAN_S: Final = 1.5
OPEN: Final = {
    "01": "0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK 2 0 0 0 0 OK",
    "00": "0 0 OK 1 2 3 4 5 6 OK 4 8 2 9 1 7 OK 4 8 2 9 1 7 OK 2 0 0 0 0 OK",
}
"""First sign-on with the factory PIN, a PIN of one's own, the shift with its float; 00 is a supervisor."""

GOODS: Final = tuple(goods.barcodes[0] for goods in demo_goods() if goods.barcodes and not goods.weighable)[:30:10]


@dataclass(frozen=True, slots=True)
class Peer:
    """Another till's documented way: strokes (keys, taps, turns of a mode switch, scans) and where it stands."""

    strokes: int
    way: str
    source: str
    alike: bool = True  # False: it does less, and is no goal


@dataclass(frozen=True, slots=True)
class Job:
    """`script`: keys by name, `<1>` a scan of the first good, `<slip>` of the slip printed last, `|` a thought. `before`
    is played first and not counted. `proof`: kinds of facts the script must add to the journal, in this order."""

    name: str
    script: str
    proof: tuple[str, ...]
    peer: Peer | None = None
    before: str = ""
    operator: str = "01"
    says: str = ""  # on the last screen
    strokes_max: int = 0  # a rule of ours, where the job has one: three for the last slip (domain 6.2)


SHARP_MODES = "Sharp XE-A303 manual, http://office.manualsonline.com/manuals/mfg/sharp/xea303.html?p=8"
SHARP_X = "Sharp XE-A107 setup guide, http://manualzz.com/doc/1336604/sharp-xe-a107-setup-guide"
CHINESE_KEYBOARD = "keyboard of a Chinese till, https://www.dongwangask.com/ask/1738078282754685"
VX520 = "Verifone VX 520, cash receipt, https://www.easymanua.ls/verifone/vx-520-series/manual?p=6"
CHINESE_KEYS = "basic knowledge of cashiers, https://m.tftnews.com/news8039365"
HANDEPAY = "Ingenico, Handepay quick reference, https://www.handepay.co.uk/quick-reference-guide/"
PAYSTONE = "Verifone Vx520, Paystone, https://www.manualslib.com/manual/2108974/Paystone-Verifone-Vx520.html?page=2"
ICT220 = "Ingenico iCT220 manual p. 40, https://www.manualslib.com/manual/1274518/Ingenico-Ict220.html?page=42"
LOYVERSE_SHIFT = "Loyverse, https://loyverse.com/help/shift-management-loyverse-pos"

JOBS: Final[tuple[Job, ...]] = (
    Job(
        "three goods, cash in round notes", "<1> <2> <3> | OK F2", ("sale",),
        Peer(6, "3 scans, two digits, Cash", CHINESE_KEYBOARD),
    ),
    Job(
        "three of one good, cash", "| 3 * <1> | OK F2", ("sale",),
        Peer(6, "3, Quantity, scan, two digits, Cash", CHINESE_KEYBOARD),
    ),
    Job("typed amount 12.30, cash", "| 1 2 3 0 OK | OK", ("sale",), Peer(6, "9, four digits, Enter", VX520)),
    Job("last slip again, with a reason", "| # | 1 OK", ("reprinted", "slip_printed"),
        Peer(1, "F1, no reason asked", ICT220), before="<1> OK F1 OK", strokes_max=3),
    Job("give back by slip scan, with a reason", "| MENU 5 <slip> | OK OK | OK", ("refund", "slip_printed"),
        Peer(7, "Refund, the card, four digits, Enter, not counting its password", PAYSTONE),
        before="<1> OK F1 OK", operator="00"),
    Job("three goods, customer's payment code", "<1> <2> <3> | OK <134000000000000001>", ("payment_sent", "sale"),
        Peer(6, "four digits, Enter, the card; no goods", HANDEPAY)),
    Job(
        "hold a basket and bring it back", "| F2 6 OK | F2 OK", ("basket_held", "basket_recalled"),
        Peer(3, "F6; Shift and F6", CHINESE_KEYS), before="<1>",
    ),
    Job(
        "5 % off one good, with a reason, cash", "<1> | F2 1 5 | OK OK | OK F1", ("sale",),
        says="3.30",
    ),
    Job("shift's figures on paper (X)", "| MENU 8 1 | F1", ("report_printed",),
        Peer(2, "mode switch, one key; not looked at first", SHARP_X)),
    Job("shift closed, counted by notes and coins", "| MENU 8 2 | 2 OK OK OK OK OK 3 OK 1 F1", ("shift_closed",),
        Peer(9, "menu, Shift, Close shift, a sum of five digits, OK; not blind, not by notes", LOYVERSE_SHIFT, False),
        before="<1> OK F1 OK"),
    Job("drawer opened without a sale, with a reason", "| MENU 9 1 4 | 1", ("no_sale", "drawer_pulsed"),
        Peer(1, "Total/No sale key; no reason asked", SHARP_MODES)),
)  # fmt: skip


@dataclass
class Till(Counter):
    """A counter on a fresh ledger that always works, with a bank that always answers."""

    operator: str = "01"
    strokes: int = 0
    bank: Bank = field(default_factory=Bank)

    def open(self) -> "Till":
        """First sign-on of the operator, the shift opened, the link there."""
        self.boot()
        self.step(LinkUp())
        self.play(OPEN[self.operator])
        assert self.screen == "Idle", self.text()
        return self

    def _answer(self, effect: Effect) -> list[Effect]:
        match effect:
            case AskEpoch(epoch, _):
                return self.step(EpochAnswered(epoch, 7))
            case Ask(_, ask) if (answer := self.bank.answer(ask)) is not None:
                return self.step(Answered(answer))
        return super()._answer(effect)

    def play(self, script: str) -> None:
        """Keys and scans by name."""
        for word in script.split():
            if word == "|":
                continue
            self.strokes += 1
            if word.startswith("<"):
                self.scan(self._code(word))
            else:
                self.keys(word)

    def _code(self, word: str) -> str:
        name = word.strip("<>")
        if name == "slip":
            return self.printed()[-1].receipt.barcode
        return GOODS[int(name) - 1] if name in ("1", "2", "3") else name

    def kinds(self, after: int) -> list[str]:
        """Kinds of facts journaled after a seq."""
        return [entry.fact.KIND for entry in self.ledger.entries() if entry.seq > after]


def measure(scale: Scale) -> list[Figure]:
    """Every job on a fresh terminal. Raises `AssertionError` when a script does not do its job any more."""
    figures = []
    for number, job in enumerate(JOBS):
        folder = scale.folder / str(number)
        folder.mkdir()
        figures.append(_played(job, Till(folder, operator=job.operator).open()))
    return figures


DRAWER_RESTS_MS = 15_000
"""The coil has rested since the shift was opened."""


def _played(job: Job, till: Till) -> Figure:
    till.play(job.before)
    till.ms += DRAWER_RESTS_MS
    till.strokes, seq = 0, till.ledger.next_seq - 1
    till.play(job.script)
    assert _holds(job.proof, till.kinds(seq)), f"{job.name}: {till.kinds(seq)}, {till.text()}"
    assert job.says in till.text(), f"{job.name}: {till.text()}"
    seconds = modelled_s(job.script)
    peer = f"{job.peer.strokes}: {job.peer.way} ({job.peer.source})" if job.peer else "no public figure found"
    goal = job.strokes_max or (job.peer.strokes if job.peer and job.peer.alike else 0)
    detail = f"{seconds:.1f} s modelled; elsewhere {peer}"
    return Figure(
        f"strokes: {job.name}",
        till.strokes,
        "",
        goal,
        detail=detail,
        why="the way through the menu, and what is asked and shown on the way",
    )


def modelled_s(script: str) -> float:
    """Seconds of a script by the keystroke-level model."""
    words = script.split()
    scans, thoughts = sum(word.startswith("<") for word in words), words.count("|")
    return (len(words) - scans - thoughts) * KEY_S + scans * SCAN_S + thoughts * MIND_S


def _holds(wanted: tuple[str, ...], found: list[str]) -> bool:
    """Whether all that is wanted is there, in its order, whatever lies between."""
    rest = iter(found)
    return all(kind in rest for kind in wanted)
