"""What a run found, as a table for people and as JSON."""

from collections.abc import Sequence

import msgspec

from benchmarks.load.audit import Audit
from benchmarks.load.fleet import LoadFleet
from benchmarks.load.workloads import Asked


class Spread(msgspec.Struct, frozen=True):
    """Of many times in ms: how many, half, 99 %, the longest."""

    count: int = 0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0


def spread(seconds: Sequence[float]) -> Spread:
    """Sorted and read at its places."""
    if not seconds:
        return Spread()
    ordered = sorted(seconds)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.99)]
    return Spread(len(ordered), *(round(each * 1_000, 2) for each in (*at, ordered[-1])))


class Report(msgspec.Struct, frozen=True):
    """One run. `clean`: every journal acknowledged to its last record, and the store holds each once and nothing else.
    `late_ms`: the most the generator was behind its own clock; times of a generator that is late are its own."""

    terminals: int
    tls: str
    rate: float
    seconds: float
    records: int
    records_per_s: float
    packets: int
    resent: int
    outstanding: int
    acknowledgement: Spread
    late_ms: float
    switch_on_s: float
    links_lost: int
    attempts_failed: int
    refusals: dict[str, int]
    troubles: list[str]
    store: dict[str, int]
    examples: list[str]
    clean: bool
    asks: dict[str, Spread] = {}
    payments: dict[str, int] = {}
    cpu_s: dict[str, float] = {}
    back_s: float | None = None
    settings_s: float | None = None


class Run(msgspec.Struct, frozen=True):
    """What the generator itself does not know of a run: `acknowledged` records in `drained_s`, beginning with the sales."""

    tls: str
    rate: float
    seconds: float
    acknowledged: int
    drained_s: float
    switch_on_s: float
    cpu_s: dict[str, float] = {}
    back_s: float | None = None
    settings_s: float | None = None


def report(fleet: LoadFleet, run: Run, found: Audit, asked: Asked) -> Report:
    """All of it together."""
    counts = fleet.counts
    return Report(
        terminals=len(fleet.terminals), tls=run.tls, rate=run.rate, seconds=run.seconds, records=fleet.committed,
        records_per_s=round(run.acknowledged / run.drained_s, 1), packets=fleet.packets,
        resent=fleet.resent, outstanding=fleet.outstanding, acknowledgement=spread(fleet.latencies_s),
        late_ms=round(fleet.late_s * 1_000, 1), switch_on_s=round(run.switch_on_s, 2), links_lost=counts.losses,
        attempts_failed=counts.failures.total(),
        refusals={f"0x{reason:02x}": number for reason, number in counts.refusals.items()},
        troubles=[*counts.troubles, *([f"{counts.troubles_more} more"] if counts.troubles_more else [])],
        store={
            "expected": found.expected, "stored": found.stored, "missing": found.missing, "changed": found.changed,
            "doubled": found.doubled, "foreign": found.foreign, "aside": found.aside,
        },
        examples=found.examples,
        clean=found.clean and not fleet.outstanding and not counts.troubles,
        asks={what: spread(seconds) for what, seconds in asked.seconds.items() if seconds},
        payments=dict(asked.states), cpu_s=run.cpu_s, back_s=run.back_s, settings_s=run.settings_s,
    )  # fmt: skip


def table(it: Report) -> str:
    """For a person."""
    ack, store = it.acknowledgement, it.store
    rows = [
        ("terminals", f"{it.terminals}, TLS {it.tls}, all up after {it.switch_on_s:.1f} s"),
        ("records", f"{it.records} in {it.packets} packets, {it.records_per_s:.0f}/s acknowledged, {it.resent} resends"),
        ("commit to acknowledgement", f"{_times(ack)} (generator late by ≤ {it.late_ms:.0f} ms)"),
        *((f"ask {what}", f"{of.count} answered, {_times(of)}") for what, of in it.asks.items()),
        ("links", f"{it.links_lost} lost, {it.attempts_failed} attempts failed, refusals {it.refusals or 'none'}"),
        ("not acknowledged", str(it.outstanding)),
        ("store", ", ".join(f"{name} {number}" for name, number in store.items())),
    ]  # fmt: skip
    if it.cpu_s:
        shares = (f"{name} {used:.1f} s" for name, used in it.cpu_s.items())
        each_us = 1e6 * sum(it.cpu_s.values()) / max(1, it.acknowledgement.count)
        rows.append(("processor time", f"{', '.join(shares)}; {each_us:.0f} µs a record"))
    if it.back_s is not None:
        rows.append(("99 % back after the break", f"{it.back_s:.1f} s"))
    if it.settings_s is not None:
        rows.append(("settings at every terminal", f"{it.settings_s:.2f} s"))
    rows += [("trouble", text) for text in (*it.troubles, *it.examples)]
    rows.append(("nothing lost, nothing doubled", "yes" if it.clean else "NO"))
    return "\n".join(f"{name:<30} {text}" for name, text in rows)


def _times(it: Spread) -> str:
    return f"p50 {it.p50_ms:.0f} ms, p99 {it.p99_ms:.0f} ms, longest {it.max_ms:.0f} ms"
