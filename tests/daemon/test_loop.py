"""The loop: timers fire, keys have a bound, a dead worker stops the process, slow steps are named."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from firmware.events import Effect, Event, Exit, Key, KeyPressed, Now, SetTimer, StopAsked, StopTimer, TimerFired
from firmware.loop import KEYS_WAITING_MAX, Loop, Worker
from firmware.view import View
from wire.messages import State
from wire.records import Record


@dataclass
class Scripted:
    """A core that answers each event by a function and remembers what it saw."""

    react: Callable[[Event], tuple[Effect, ...]]
    seen: list[Event] = field(default_factory=list)
    shown: View | None = None
    idle_work: bool = False
    terminal_id: str = "t"

    def step(self, event: Event, now: Now) -> tuple[Effect, ...]:
        self.seen.append(event)
        return self.react(event)

    def seqs(self) -> tuple[int, int, int]:
        return 0, 0, 0

    def records(self, after: int, limit: int) -> tuple[Record, ...]:
        return ()

    def waiting(self) -> tuple[str, ...]:
        return ()

    def state(self) -> State:
        return State(True)


class Ticking:
    """A clock that goes on by ten milliseconds each time it is asked."""

    def __init__(self) -> None:
        self.ms = 0

    def __call__(self) -> Now:
        self.ms += 10
        return Now(self.ms, self.ms, "floor")


def looped(core: Scripted, *workers: Worker) -> Loop:
    return Loop(core, Ticking(), lambda effect: None, workers, lambda: None)


def test_timers_fire_in_the_order_they_fall_due_and_can_be_stopped() -> None:
    def react(event: Event) -> tuple[Effect, ...]:
        match event:
            case KeyPressed():
                return (SetTimer("late", 90), SetTimer("never", 50), SetTimer("early", 20), StopTimer("never"))
            case TimerFired("late"):
                return (Exit("done"),)
        return ()

    core = Scripted(react)
    assert looped(core).run(KeyPressed(Key.OK)) == "done"
    assert [event.name for event in core.seen if isinstance(event, TimerFired)] == ["early", "late"]


def test_more_than_32_keys_get_no_credit_until_they_are_taken() -> None:
    core = Scripted(lambda event: (Exit("stop"),) if isinstance(event, StopAsked) else ())
    loop = looped(core)
    for _ in range(KEYS_WAITING_MAX):
        assert loop.key_credit() > 0
        loop.post(KeyPressed(Key.OK))
    assert loop.key_credit() == 0
    loop.post(StopAsked("now"))
    loop.run(KeyPressed(Key.OK))
    assert loop.key_credit() == KEYS_WAITING_MAX


def test_a_worker_that_dies_stops_the_process_with_its_error() -> None:
    def dies() -> None:
        raise RuntimeError("the display fell off")

    core = Scripted(lambda event: (SetTimer("again", 1),))
    with pytest.raises(RuntimeError, match="fell off"):
        looped(core, Worker("display", dies, lambda: None)).run(KeyPressed(Key.OK))


def test_workers_are_stopped_and_joined_at_the_end() -> None:
    stopped = threading.Event()
    worker = Worker("one", lambda: (stopped.wait(30), None)[1], stopped.set)
    loop = looped(Scripted(lambda event: (Exit("bye"),)), worker)
    assert loop.run(KeyPressed(Key.OK)) == "bye"
    assert stopped.is_set()


def test_questions_are_answered_in_the_cores_thread() -> None:
    core = Scripted(lambda event: (Exit("stop"),) if isinstance(event, StopAsked) else ())
    loop = looped(core)
    answers: list[object] = []

    def asks() -> None:
        answers.append(loop.ask(lambda: threading.current_thread().name))
        loop.post(StopAsked("asked"))

    asker = threading.Thread(target=asks)
    asker.start()
    loop.run(KeyPressed(Key.OK))
    asker.join()
    assert answers == [threading.main_thread().name]


def test_a_slow_step_is_named() -> None:
    core = Scripted(lambda event: ())
    loop = looped(core)
    loop.lateness.note(150, KeyPressed(Key.OK))
    loop.lateness.note(20, StopAsked("x"))
    assert (loop.lateness.worst_ms, loop.lateness.by) == (150, "KeyPressed")
