"""What machines read of the backend: `/metrics` in the Prometheus format, on a listener of its own.

Counters are kept by `Measured` around the core's one `step`, so nothing else of the backend knows of them; gauges are read
from the store when they are asked for. No label holds what a terminal says: the names are few and ours."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, get_args

import msgspec
from prometheus_client import CollectorRegistry, Histogram, make_asgi_app
from prometheus_client import Counter as Counting
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp

from fleet.admin import Link
from fleet.core import AcquirerAnswered, Admin, Arrived, Event, PlatformAnswered, Spoilt, Steps, Tick
from fleet.dashboard.reading import Reading
from fleet.desk.link import Hearing, hearing
from fleet.effects import Effect, SendAck, SendAnswer
from fleet.sql import SqlBooks
from fleet.store import StoreTrouble
from wire.channels import CHANNELS
from wire.messages import State

COMMIT_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
AGE_S = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
TERMINALS_MAX = 1_000_000
JOURNALS_MAX = 2_000_000
FRESH_S = 10.0
_KNOWN = {channel.rest for channel in CHANNELS if channel.way == "up"}
_FAMILIES = ("reply", "cert")
"""Channels whose last part is a number of the message's own."""


class Metrics:
    """The backend's counters, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        named: dict[str, Any] = {"registry": self.registry}
        self.messages = Counting("posfleet_messages", "Messages of terminals that were taken", ["channel"], **named)
        self.answers = Counting("posfleet_answers", "Answers to asks that were sent", ["kind", "result"], **named)
        self.quarantined = Counting(
            "posfleet_acknowledged_quarantined", "Records put aside, as acknowledgements say", **named
        )  # fmt: skip
        self.wanted = Counting("posfleet_replays_asked", "Ranges of records that were asked for again", **named)
        self.spoilt = Counting(
            "posfleet_spoilt_messages", "Messages that broke an invariant and were put aside", **named
        )
        self.troubles = Counting("posfleet_store_troubles", "Commits that failed and were tried again", **named)
        self.commit = Histogram(
            "posfleet_commit_seconds", "Time of one step of the core, its commit included", ["event"], buckets=COMMIT_S,
            **named,
        )  # fmt: skip
        self.age = Histogram(
            "posfleet_message_age_seconds", "How long a message waited before it was taken", buckets=AGE_S, **named
        )  # fmt: skip

    def watch(self, reading: Reading, utc_ms: Callable[[], int]) -> None:
        """Let gauges be read from the store."""
        self.registry.register(_Gauges(reading, utc_ms))

    def app(self) -> ASGIApp:
        """Answers `GET /metrics` and everything else alike."""
        made: ASGIApp = make_asgi_app(self.registry)
        return made

    def stepped(self, event: Event, effects: list[Effect], seconds: float) -> None:
        self.commit.labels(_event_name(event)).observe(seconds)
        if isinstance(event, Arrived):
            for channel, count in Counter(channel_name(each.rest) for each in event.messages).items():
                self.messages.labels(channel).inc(count)
            self.age.observe(max((each.age_ms for each in event.messages), default=0) / 1_000)
        for effect in effects:
            if isinstance(effect, SendAnswer):
                kind, result = result_of(effect)
                self.answers.labels(kind, result).inc()
            elif isinstance(effect, SendAck):
                self.quarantined.inc(len(effect.ack.quarantined))
                self.wanted.inc(len(effect.ack.wanted))


class Measured:
    """The core with a watch beside it."""

    def __init__(self, core: Steps, metrics: Metrics) -> None:
        self._core = core
        self._metrics = metrics

    def step(self, event: Event) -> list[Effect]:
        """As the core's. Raises `StoreTrouble`."""
        began_s = time.perf_counter()
        try:
            effects = self._core.step(event)
        except StoreTrouble:
            self._metrics.troubles.inc()
            raise
        if isinstance(event, Spoilt):
            self._metrics.spoilt.inc()
        self._metrics.stepped(event, effects, time.perf_counter() - began_s)
        return effects


def channel_name(rest: str) -> str:
    """A channel by its name in the table; what is in none is `other`, whatever it says."""
    if rest in _KNOWN:
        return rest
    family = rest.partition("/")[0]
    return family if family in _FAMILIES else "other"


def result_of(effect: SendAnswer) -> tuple[str, str]:
    """What was answered, and how it came out, by words of the wire alone."""
    answer = effect.answer
    kind = str(answer.__struct_config__.tag)
    state = getattr(answer, "state", "")
    if state:
        return kind, str(state)
    granted = getattr(answer, "granted", None)
    if granted is not None:
        return kind, "granted" if granted else "refused"
    return kind, "ok" if not getattr(answer, "code", 0) else "refused"


def _event_name(event: Event) -> str:
    match event:
        case Arrived():
            return "messages"
        case Tick():
            return "tick"
        case Spoilt():
            return "spoilt"
        case AcquirerAnswered():
            return "acquirer"
        case PlatformAnswered():
            return "platform"
        case Admin():
            return "admin"
        case _:
            return "other"


class _Gauges(Collector):
    """What the store says, at most every `FRESH_S`."""

    def __init__(self, reading: Reading, utc_ms: Callable[[], int]) -> None:
        self._reading = reading
        self._utc_ms = utc_ms
        self._until_s = 0.0
        self._last: list[Metric] = []

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        now_s = time.monotonic()
        if now_s >= self._until_s:
            try:
                with self._reading.begin() as books:
                    self._last = list(_read(books, hearing(books, self._utc_ms())))
            except StoreTrouble:
                self._last = []  # absent is the truth; a scrape must not fail for it
            self._until_s = now_s + FRESH_S
        yield from self._last
        yield GaugeMetricFamily("posfleet_store_readable", "Whether the store answered", value=float(bool(self._last)))


def _read(books: SqlBooks, heard: Hearing) -> Iterator[Metric]:
    looks = books.looks
    states: Counter[str] = Counter()
    lag_s = 0.0
    due = 0
    journals = {(row.terminal, row.epoch): row for row in looks.journals(JOURNALS_MAX)}
    for each in looks.terminals(TERMINALS_MAX):
        state = msgspec.json.decode(each.state, type=State) if each.state else None
        link = heard.link(state, each.state_ms, each.seen_ms)
        states[link] += 1
        row = journals.get((each.terminal, state.epoch)) if state is not None else None
        missing = max(0, state.next_seq - 1 - (row.upto if row else 0)) if state is not None and state.next_seq else 0
        due += missing
        if missing and link == "online":
            lag_s = max(lag_s, (heard.now_ms - each.state_ms) / 1_000)
    terminals = GaugeMetricFamily("posfleet_terminals", "Terminals by how their link is", labels=["link"])
    for link in get_args(Link):
        terminals.add_metric([link], states[link])
    yield terminals
    yield GaugeMetricFamily("posfleet_records_due", "Records that terminals have and the backend has not", value=due)
    yield GaugeMetricFamily(
        "posfleet_lag_seconds",
        "Age of the oldest state of an online terminal that has records due",
        value=max(0.0, lag_s),
    )
    missing_total = sum(max(0, row.high - row.upto) for row in journals.values())
    yield GaugeMetricFamily(
        "posfleet_records_missing", "Places beyond the first hole of their journal", value=missing_total
    )
    holed = sum(row.high > row.upto for row in journals.values())
    yield GaugeMetricFamily("posfleet_journals_with_holes", "Journals that are not whole", value=holed)
    open_ = books.fleet.faults.open().values()
    yield CounterMetricFamily(
        "posfleet_records", "Records kept or put aside, up to where journals are whole", value=looks.whole()
    )
    yield GaugeMetricFamily(
        "posfleet_quarantine", "Messages in quarantine that nobody has dealt with", value=sum(one[0] for one in open_)
    )
    yield GaugeMetricFamily(
        "posfleet_conflicts",
        "Second records under a taken number that nobody has dealt with",
        value=sum(one[1] for one in open_),
    )
    rollouts = GaugeMetricFamily("posfleet_rollouts", "Roll-outs by state", labels=["state"])
    for name, count in looks.rollouts().items():
        rollouts.add_metric([name], count)
    yield rollouts
