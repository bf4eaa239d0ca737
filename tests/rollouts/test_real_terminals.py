"""Roll-outs among which some terminals are the real ones: the firmware's own core with ledger, screens and settings desk."""

import pytest

from firmware.events import DesiredCame, Exit, LinkDown, LinkUp, Tell
from fleet import admin
from rules.settings import defaults
from tests.fleet_settings.office import NOW
from tests.rollouts.crowd import GOOD, QUICK, STEP_MS, Crowd, history
from tests.settings.fleet import Shop
from wire.fleet import Met, Reported
from wire.messages import State

FOOTER = {"terminal": {"volume": 1}, "shop": {"footer": ["周年庆"]}}
NOWHERE = {"terminal": {"volume": 1}, "network": {"host": "10.9.9.9"}}
"""The broker is not there: whoever takes this can say nothing until it has gone back."""


class Real:
    """One terminal of the firmware in the crowd: a person signs on, and it hears and says what it does."""

    def __init__(self, name, folder):
        folder.mkdir()
        self.name, self.awake, self.boots = name, True, 1
        self.shop = Shop(folder, defaults(), number=name)
        self.shop.open_for_business()
        self.shop.day_ms = NOW - self.shop.ms
        self.shop.step(LinkUp(), 0)
        self.given = []
        self.newest = ""
        self.up = True

    @property
    def document(self):
        return self.shop.terminal.book.applied.document

    @property
    def status(self):
        return self.shop.terminal.book.heard.status

    def state(self):
        return State(True, boot_id=f"boot{self.boots}", software="1.0")

    def desired(self, _rev, document, _now_ms):
        self.given.append(document)

    def hear(self, text):
        """The broker has a document for it: retained, so it comes again at each connection."""
        self.newest = text
        if self.up:
            self.shop.step(DesiredCame(text, True), 0)

    def live(self, now_ms):
        self.shop.pass_time(STEP_MS)
        if any(isinstance(each, Exit) for each in self.shop.out):
            yield from self._restart()
        told = [each.message for each in self.shop.out if isinstance(each, Tell)]
        self.shop.out.clear()
        if self.up:
            yield from (("reported", each) for each in told if isinstance(each, Reported))
            if now_ms // STEP_MS % 15 == 0:
                yield "met", Met(now_ms, 1, 0)

    def _restart(self):
        if self.up:
            yield "state", State(False, boot_id=f"boot{self.boots}", reason="restart")
        self.shop.reboot()
        self.boots += 1
        self.up = self.shop.terminal.settings.network.host != "10.9.9.9"
        if self.up:
            yield "state", self.state()
            self.shop.step(LinkUp())
            if self.newest:
                self.shop.step(DesiredCame(self.newest, True))
        else:
            self.shop.step(LinkDown(1003))


class Mixed(Crowd):
    """Hands real terminals the text that was signed."""

    def deliver(self):
        for effect in self.pump():
            light = self.lights[effect.terminal]
            if isinstance(light, Real):
                light.desired(0, self.read(effect), self.now)
                light.hear(effect.signed.text)
            else:
                light.desired(effect.rev, self.read(effect), self.now)

    def read(self, effect):
        from tests.fleet_settings.office import desired_of

        return desired_of(effect).document


@pytest.fixture
def crowd(tmp_path):
    real = [Real(f"0001002{number}", tmp_path / str(number)) for number in range(3)]
    return Mixed(["fine"] * 9, others=real)


def plan(*first):
    return admin.Plan(**{name: getattr(QUICK, name) for name in QUICK.__struct_fields__} | {"first": first})


PLAN = plan("00010021", "00010020")


def reals(crowd):
    return [light for light in crowd.lights.values() if isinstance(light, Real)]


def test_a_new_footer_reaches_real_terminals_and_is_in_force_there(crowd):
    assert [each.document for each in reals(crowd)] == [GOOD] * 3
    number = crowd.roll_out(FOOTER, PLAN)
    crowd.minutes(300, crowd.ended(number))
    assert crowd.shown(number).look.state == "complete"
    assert [each.shop.terminal.settings.shop.footer for each in reals(crowd)] == [("周年庆",)] * 3
    look = crowd.ask(admin.ShowTerminal(terminal="00010020")).look
    assert (look.reported.status, look.reported.rev, look.reported.rollout) == (
        "applied",
        look.desired_rev,
        str(number),
    )


def test_a_broker_that_is_nowhere_stops_at_the_first_terminal_which_goes_back_by_itself(crowd):
    number = crowd.roll_out(NOWHERE, PLAN)
    crowd.minutes(120, crowd.ended(number))
    shown = crowd.shown(number)
    assert shown.look.state == "reverted"
    assert crowd.ever(NOWHERE) == 1
    assert "rolled_back 1 > 0" in {what: detail for _, what, detail in history(crowd, number)}["halt"]
    crowd.minutes(30)
    first = crowd.lights["00010021"]
    assert first.up
    assert first.shop.terminal.settings.network.host == defaults().network.host
    assert (first.document, first.status) == (GOOD, "applied"), "it was given back what it had, under a new revision"


def test_among_200_some_go_silent_and_some_fall_back_real_ones_too_and_all_get_back_what_they_had(tmp_path):
    real = [Real(f"0001002{number}", tmp_path / str(number)) for number in range(2)]
    crowd = Mixed(["fine", "fine", "silent", "falls", *["fine"] * 194], others=real)
    worst = {"terminal": {"volume": 0}, "network": {"host": "10.9.9.9"}}
    number = crowd.roll_out(worst, plan("T0000", "T0001", "00010021", "T0002", "T0003"))
    crowd.minutes(200, crowd.ended(number))
    shown = crowd.shown(number)
    assert shown.look.state == "reverted"
    counts = {"reverted": 19, "unreverted": 1, "untouched": 180}
    assert shown.look.counts == counts, "the stage of a tenth, and no more"
    assert shown.unreverted == ("T0002",)
    assert "rolled_back" in shown.look.verdict
    crowd.minutes(30)
    assert crowd.with_(worst) == ["T0002"], "one cannot hear"
    assert not crowd.lights["T0002"].awake
    assert crowd.ask(admin.ShowTerminal(terminal="T0002")).desired["terminal"]["volume"] == 1, (
        "it will when it wakes up"
    )
    assert [each.document for each in real] == [GOOD] * 2
    assert all(light.document == GOOD for light in crowd.lights.values() if light.awake)
