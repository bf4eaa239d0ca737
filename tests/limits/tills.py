"""A command at a till as a screen would have it done."""

from firmware.txn.command import Command, Refusal
from tests.counter import Counter


def done(counter: Counter, command: Command) -> Refusal | None:
    """Do it now, with what it causes carried out; the refusal, if there is one."""
    terminal = counter.terminal
    counter.ms += 100
    terminal.now = type(terminal.now)(counter.ms, counter.day_ms + counter.ms, counter.clock)
    terminal._effects = []
    refusal = terminal.do(command)
    for effect in list(terminal._effects):
        counter._answer(effect)
    return refusal
