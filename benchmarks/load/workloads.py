"""What happens at the counters of a simulated fleet: sales, asks, breaks of the link, settings from above."""

import asyncio
import random
import secrets
from collections import Counter
from dataclasses import dataclass, field

import msgspec

from benchmarks.load.fleet import LoadFleet, wall_ms
from benchmarks.load.terminal import SHARED, Terminal
from rules.orders import order_no
from wire import channels
from wire.fleet import Desired, Signed
from wire.messages import Answer, AskDiagnose, AskPay, MoneyAnswer, answer_key

TURN_S = 0.005
PAY_WAIT_MS = 15_000
SUBJECT = "load"


async def sell(fleet: LoadFleet, rate: float, seconds: float, seed: int = 1) -> None:
    """`rate` sales a second in all, each terminal in its turn, in an order made by chance. A terminal without a link sells
    too: what it could not send waits in its journal."""
    terminals = list(fleet.terminals)
    random.Random(seed).shuffle(terminals)
    began, made = fleet.now_s(), 0
    while (past_s := fleet.now_s() - began) < seconds:
        due = int(past_s * rate)
        moment_ms = wall_ms()
        for number in range(made, due):
            terminals[number % len(terminals)].sell(moment_ms)
        made = due
        await asyncio.sleep(TURN_S)


async def backlog(fleet: LoadFleet, each: int) -> None:
    """`each` sales at every terminal at once, as after a night without a link."""
    for number, terminal in enumerate(fleet.terminals):
        for _ in range(each):
            terminal.sell(wall_ms())
        if number % 100 == 0:
            await asyncio.sleep(0)


@dataclass(slots=True)
class Asked:
    """Asks under way and answered: seconds each took, by what was asked, and the states of payments."""

    open: dict[str, tuple[str, float]] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"diagnose": [], "pay": []})
    states: Counter[str] = field(default_factory=Counter)


_ANSWERS = msgspec.json.Decoder(Answer)


def listen(fleet: LoadFleet, asked: Asked) -> None:
    """Take answers from now on."""

    def hear(_terminal: Terminal, _rest: str, payload: bytes) -> None:
        answer = _ANSWERS.decode(payload)
        assert isinstance(answer, MoneyAnswer)
        what, since_s = asked.open.pop(answer_key(answer), ("", 0.0))
        if what:
            asked.seconds[what].append(fleet.now_s() - since_s)
            asked.states[getattr(answer, "state", "reached")] += 1

    fleet.hears[channels.ANSWER.rest] = hear


async def ask(fleet: LoadFleet, rate: float, seconds: float, asked: Asked, seed: int = 2) -> None:
    """`rate` asks a second by terminals that are online, by turns whether the backend is there and for a payment."""
    chance = random.Random(seed)
    began, made = fleet.now_s(), 0
    while (past_s := fleet.now_s() - began) < seconds:
        while made < int(past_s * rate):
            made += 1
            terminal = chance.choice(fleet.terminals)
            if terminal.up:
                (_pay if made % 2 else _diagnose)(fleet, terminal, asked, made)
        await asyncio.sleep(TURN_S)


def _diagnose(fleet: LoadFleet, terminal: Terminal, asked: Asked, _number: int) -> None:
    nonce = secrets.token_hex(8)
    asked.open[nonce] = "diagnose", fleet.now_s()
    terminal.publish(channels.ASK_DIAGNOSE, msgspec.json.encode(AskDiagnose(nonce)))


def _pay(fleet: LoadFleet, terminal: Terminal, asked: Asked, number: int) -> None:
    key = order_no("20261122", terminal.name, 1, 1, number % 1_000_000, 1)
    asked.open[key] = "pay", fleet.now_s()
    code = f"28{number:016d}"
    ask = AskPay(key, "alipay", code, 250, SUBJECT, "01", wall_ms() + PAY_WAIT_MS)
    terminal.publish(channels.ASK_PAY, msgspec.json.encode(ask))


async def storm(fleet: LoadFleet, share: float, timeout_s: float, seed: int = 3) -> float:
    """The links of this share of all terminals break at once; seconds until 99 % of them are back, or `inf`."""
    chosen = random.Random(seed).sample(fleet.terminals, int(len(fleet.terminals) * share))
    began, before = fleet.now_s(), fleet.counts.losses
    for terminal in chosen:
        terminal.cut()
    await fleet.until(lambda: fleet.counts.losses >= before + len(chosen), timeout_s)
    return await back(fleet, began, 0.99, timeout_s)


async def back(fleet: LoadFleet, since_s: float, share: float, timeout_s: float) -> float:
    """Seconds since then until this share of all terminals is online, or `inf`."""
    wanted = share * len(fleet.terminals)
    done = await fleet.until(lambda: fleet.online >= wanted, timeout_s)
    return fleet.now_s() - since_s if done else float("inf")


@dataclass(slots=True)
class Heard:
    """Messages from above that arrived: at how many terminals, and when the last came. `since_s`: when they were sent."""

    terminals: int = 0
    last_s: float = 0.0
    since_s: float = 0.0


_SIGNED, _DESIRED = msgspec.json.Decoder(Signed), msgspec.json.Decoder(Desired)


def await_settings(fleet: LoadFleet, rev: int, keep: list[bytes]) -> Heard:
    """Count terminals that get signed settings of revision `rev` or later, from now on; `keep` gets the first of them."""
    heard = Heard()

    def hear(terminal: Terminal, _rest: str, payload: bytes) -> None:
        found = _DESIRED.decode(_SIGNED.decode(payload).text).rev
        if terminal.rev < rev <= found:
            if not heard.terminals:
                keep.append(payload)
            heard.terminals += 1
            heard.last_s = fleet.now_s()
        terminal.rev = max(terminal.rev, found)

    fleet.hears[channels.DESIRED.rest] = hear
    return heard


def await_shared(fleet: LoadFleet) -> Heard:
    """Count terminals that get the same signed settings on the shared topic, read as those of their own."""
    heard = Heard()

    def hear(_terminal: Terminal, _rest: str, payload: bytes) -> None:
        assert _DESIRED.decode(_SIGNED.decode(payload).text).rev
        heard.terminals += 1
        heard.last_s = fleet.now_s()

    fleet.hears[SHARED] = hear
    return heard
