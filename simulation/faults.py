"""Everything that goes wrong in a shop day: each trouble by name, with what it does to the world and when it ends."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from firmware.events import Acked, ClockSeen, DeviceSeen, DiskSeen, Key, WireGarbage
from simulation.goods import pick
from wire.records import Ack

if TYPE_CHECKING:
    from simulation.world import World

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
YEAR_MS = 365 * 24 * HOUR_MS
PAYMENT_DIGITS_MIN = 16

Trouble = Callable[["World"], None]


def _for_a_while(world: "World", low_ms: int, high_ms: int, end: Callable[[], None]) -> None:
    world.clock.after(world.clock.soon_ms(low_ms, high_ms), end)


# --- printer ---------------------------------------------------------------------------------------------------------


FIRST, SECOND = 0, 1


def _printer(look: str, low_ms: int = 5_000, high_ms: int = 4 * MINUTE_MS, number: int = FIRST) -> Trouble:
    def strike(world: "World") -> None:
        printer = world.printers[number]
        printer.becomes(look)  # type: ignore[arg-type]  # the names are those of PrinterLook
        _for_a_while(world, low_ms, high_ms, lambda: printer.becomes("ok"))

    return strike


def _mid_slip(look: str, number: int = FIRST) -> Trouble:
    """Just while a slip is coming out."""

    def strike(world: "World") -> None:
        world.printers[number].on_row = lambda: _printer(look, 3_000, 60_000, number)(world)

    return strike


def _ails(how: str, high_ms: int, number: int) -> Trouble:
    """A printer that is `silent` or `slow` for a while."""

    def strike(world: "World") -> None:
        setattr(world.printers[number], how, True)
        _for_a_while(world, MINUTE_MS, high_ms, lambda: setattr(world.printers[number], how, False))

    return strike


def _silent(number: int) -> Trouble:
    return _ails("silent", 10 * MINUTE_MS, number)


def _slow(number: int) -> Trouble:
    return _ails("slow", 15 * MINUTE_MS, number)


def _fence_lost(number: int) -> Trouble:
    def strike(world: "World") -> None:
        world.printers[number].answer_lost = True

    return strike


def _while_standing_in(trouble: Trouble) -> Trouble:
    """Something happens to the second printer while it has the first one's work."""

    def strike(world: "World") -> None:
        _printer("paper_out", 10 * MINUTE_MS, 25 * MINUTE_MS)(world)
        trouble(world)

    return strike


def printers_out(world: "World") -> None:
    """Neither works; whichever is mended sooner goes on."""
    for number in (FIRST, SECOND):
        _printer("paper_out", 30_000, 10 * MINUTE_MS, number)(world)


# --- drawer ----------------------------------------------------------------------------------------------------------


def drawer_stuck(world: "World") -> None:
    world.drawer.stuck = True
    _for_a_while(world, MINUTE_MS, 20 * MINUTE_MS, lambda: setattr(world.drawer, "stuck", False))


def drawer_sensor_gone(world: "World") -> None:
    world.drawer.sensor = False
    _for_a_while(world, MINUTE_MS, 30 * MINUTE_MS, lambda: setattr(world.drawer, "sensor", True))


def drawer_gone(world: "World") -> None:
    world.drawer.there = False
    _for_a_while(world, MINUTE_MS, 10 * MINUTE_MS, lambda: setattr(world.drawer, "there", True))


def drawer_forced(world: "World") -> None:
    world.drawer.moves(True)
    _for_a_while(world, 2_000, 30_000, lambda: world.drawer.moves(False))


# --- input -----------------------------------------------------------------------------------------------------------


def scanner_unplugged(world: "World") -> None:
    _unplug(world, "scanner")


def keypad_unplugged(world: "World") -> None:
    _unplug(world, "keypad")


def _unplug(world: "World", device: str) -> None:
    def there(present: bool) -> None:
        setattr(world.machine, device, present)
        world.machine.post(DeviceSeen(device, present), 30)  # type: ignore[arg-type]  # scanner or keypad

    there(False)
    _for_a_while(world, 3_000, 3 * MINUTE_MS, lambda: there(True))


def printer_unplugged(world: "World") -> None:
    world.machine.post(DeviceSeen("printer", False), 10)
    _printer("offline", 5_000, 2 * MINUTE_MS)(world)


def keys_mashed(world: "World") -> None:
    world.cashier.mash(world.clock.rng.randint(3, 12))


def key_bounced(world: "World") -> None:
    world.cashier.bounce()


def key_held(world: "World") -> None:
    """Something leans on a key: what was being typed may end early, so the next refusal is no surprise."""
    world.cashier.expect_refusal("key held")
    world.cashier.hold(world.clock.rng.choice((Key.CANCEL, Key.CLEAR, Key.OK)))


def scan_out_of_place(world: "World") -> None:
    """The scanner reads something on the counter, whatever the screen is: nothing that a screen for money reads as a
    customer's code, as it does the label of a scale (domain 1.2), which this channel would have paid."""
    code = pick(world.clock.rng, -2).code
    world.cashier.stray(code if 0 < len(code) < PAYMENT_DIGITS_MIN else "6901234567892")


def scan_in_same_moment(world: "World") -> None:
    """A code the shop does not know is scanned by somebody else, between two keys."""
    world.cashier.somebody_scans("6999999999994")


# --- power and process -------------------------------------------------------------------------------------------------


def _cut(kind: str) -> Trouble:
    def strike(world: "World") -> None:
        if kind == "between":
            if world.machine.on:
                world.machine.cut("between")
        else:
            world.machine.cut_next = kind

    return strike


def _cut_printing(number: int) -> Trouble:
    def strike(world: "World") -> None:
        world.printers[number].on_row = lambda: world.machine.cut("printing") if world.machine.on else None

    return strike


def power_cut_after_sale(world: "World") -> None:
    """The moment after the commit that settles a sale, before anything of it is carried out."""
    world.machine.cut_next = "after_sale"


def power_cut_twice(world: "World") -> None:
    """Again while it is still starting."""
    world.cut_again = True
    if world.machine.on:
        world.machine.cut("twice")


def daemon_crash(world: "World") -> None:
    if world.machine.on:
        world.machine.crash()


def daemon_crash_loop(world: "World") -> None:
    """Three crashes in five minutes: safe mode; a supervisor starts it anew later."""

    def crash() -> None:
        if world.machine.on:
            world.machine.crash()

    for wait_ms in (0, 40_000, 80_000):
        world.clock.after(wait_ms, crash)
    _for_a_while(world, 5 * MINUTE_MS, 15 * MINUTE_MS, lambda: world.machine.ask_stop("service"))


def clean_stop(world: "World") -> None:
    world.machine.ask_stop("update")


# --- link ------------------------------------------------------------------------------------------------------------


def link_down(world: "World") -> None:
    _door(world, "radio", 5_000, 40 * MINUTE_MS)


def broker_down(world: "World") -> None:
    _door(world, "broker", 5_000, 10 * MINUTE_MS)


def link_flapping(world: "World") -> None:
    for wait_ms in range(0, 120_000, 20_000):
        world.clock.after(wait_ms, lambda: _door(world, "radio", 500, 9_000))


def _door(world: "World", name: str, low_ms: int, high_ms: int) -> None:
    def becomes(usable: bool) -> None:
        setattr(world.link, name, usable)
        world.link.changes()

    becomes(False)
    _for_a_while(world, low_ms, high_ms, lambda: becomes(True))


def _link(quality: str) -> Trouble:
    def strike(world: "World") -> None:
        world.link.quality = quality  # type: ignore[assignment]  # the names are those of Quality
        _for_a_while(world, MINUTE_MS, 30 * MINUTE_MS, lambda: setattr(world.link, "quality", "good"))

    return strike


def packet_refused(world: "World") -> None:
    world.link.refuses += world.clock.rng.randint(1, 3)


def ask_refused(world: "World") -> None:
    """The broker takes none of the next asks, nor the next that redeems a voucher, and says so: they never left."""
    world.link.refuses_asks += world.clock.rng.randint(1, 4)
    world.link.refuses_kinds.add("voucher_consume")


def wire_garbage(world: "World") -> None:
    world.machine.post(WireGarbage("dn/ack", "not JSON", "00" * 32))


def ack_nonsense(world: "World") -> None:
    """An acknowledgement of another journal, or of records that do not exist."""
    epoch = world.day.epoch
    ack = world.clock.rng.choice((Ack(epoch + 1, 5), Ack(epoch, 10**6), Ack(epoch, -1)))
    world.machine.post(Acked(ack))


def ack_old(world: "World") -> None:
    world.machine.post(Acked(Ack(world.day.epoch, world.machine.link_upto // 2)))


def ack_wants_again(world: "World") -> None:
    upto = world.machine.link_upto
    world.machine.post(Acked(Ack(world.day.epoch, upto, wanted=((max(1, upto - 5), upto + 1),))))


def backend_restart(world: "World") -> None:
    world.backend.restart(world.clock.soon_ms(500, 5 * MINUTE_MS))


def backend_store_fails(world: "World") -> None:
    world.backend.store.fails += world.clock.rng.randint(1, 4)


# --- disk and clock ------------------------------------------------------------------------------------------------------


def _disk(room: str, low_ms: int, high_ms: int) -> Trouble:
    def strike(world: "World") -> None:
        world.machine.set_room(room)  # type: ignore[arg-type]  # the names are those of Room
        if room == "read_only":
            world.machine.post(DiskSeen(10**9, True), 500)
        _for_a_while(world, low_ms, high_ms, lambda: world.machine.set_room("ok"))

    return strike


def _clock(low_ms: int, high_ms: int) -> Trouble:
    """The clock is set; it stays trusted."""

    def strike(world: "World") -> None:
        world.machine.step_clock(world.clock.soon_ms(low_ms, high_ms), "trusted")
        _for_a_while(world, MINUTE_MS, HOUR_MS, lambda: world.machine.step_clock(0, "trusted"))

    return strike


def clock_lost(world: "World") -> None:
    """A cut with an empty clock battery: years wrong, not trusted; set by hand or trusted later."""
    machine = world.machine
    machine.offset_ms, machine.clock_state = world.clock.rng.choice((-2 * YEAR_MS, -HOUR_MS, 3 * YEAR_MS)), "floor"
    if machine.on:
        machine.cut("clock_lost")
    _for_a_while(world, 2 * MINUTE_MS, HOUR_MS, lambda: machine.step_clock(-30_000, "hand"))
    _for_a_while(world, HOUR_MS, 2 * HOUR_MS, lambda: machine.step_clock(0, "trusted"))


def clock_seen_again(world: "World") -> None:
    world.machine.post(ClockSeen(world.machine.clock_state, 0))


def journal_damaged(world: "World") -> None:
    """A cut in which an old record on the disk suffers; the daemon finds it in its idle time (9012) and sells on."""
    world.machine.damage = True
    if world.machine.on:
        world.machine.cut("journal_damaged")


def battery_low(world: "World") -> None:
    world.machine.battery(world.clock.rng.randint(1, 15))
    _for_a_while(world, MINUTE_MS, 30 * MINUTE_MS, lambda: world.machine.battery(60, charging=True))


TROUBLES: dict[str, Trouble] = {
    "printer_paper_out": _printer("paper_out"),
    "printer_paper_low": _printer("paper_low"),
    "printer_cover_open": _printer("cover_open"),
    "printer_offline": _printer("offline"),
    "printer_fault": _printer("fault"),
    "printer_paper_out_mid_slip": _mid_slip("paper_out"),
    "printer_cover_open_mid_slip": _mid_slip("cover_open"),
    "printer_offline_mid_slip": _mid_slip("offline"),
    "printer_silent": _silent(FIRST),
    "printer_slow": _slow(FIRST),
    "printer_fence_lost": _fence_lost(FIRST),
    "printer_unplugged": printer_unplugged,
    "drawer_stuck": drawer_stuck,
    "drawer_sensor_gone": drawer_sensor_gone,
    "drawer_gone": drawer_gone,
    "drawer_forced": drawer_forced,
    "scanner_unplugged": scanner_unplugged,
    "keypad_unplugged": keypad_unplugged,
    "keys_mashed": keys_mashed,
    "key_bounced": key_bounced,
    "key_held": key_held,
    "scan_out_of_place": scan_out_of_place,
    "scan_in_same_moment": scan_in_same_moment,
    "power_cut_between": _cut("between"),
    "power_cut_in_basket": _cut("in_basket"),
    "power_cut_before_commit": _cut("before_commit"),
    "power_cut_after_commit": _cut("after_commit"),
    "power_cut_among_effects": _cut("among_effects"),
    "power_cut_printing": _cut_printing(FIRST),
    "power_cut_after_sale": power_cut_after_sale,
    "power_cut_twice": power_cut_twice,
    "daemon_crash": daemon_crash,
    "daemon_crash_loop": daemon_crash_loop,
    "clean_stop": clean_stop,
    "link_down": link_down,
    "link_flapping": link_flapping,
    "link_slow": _link("slow"),
    "link_lossy": _link("lossy"),
    "link_doubling": _link("doubling"),
    "link_reordering": _link("reordering"),
    "broker_down": broker_down,
    "packet_refused": packet_refused,
    "ask_refused": ask_refused,
    "wire_garbage": wire_garbage,
    "ack_nonsense": ack_nonsense,
    "ack_old": ack_old,
    "ack_wants_again": ack_wants_again,
    "backend_restart": backend_restart,
    "backend_store_fails": backend_store_fails,
    "disk_full": _disk("full", 5 * MINUTE_MS, 40 * MINUTE_MS),
    "disk_brim": _disk("brim", MINUTE_MS, 10 * MINUTE_MS),
    "disk_commit_full": _disk("commit_full", MINUTE_MS, 2 * MINUTE_MS),
    "disk_read_only": _disk("read_only", MINUTE_MS, 8 * MINUTE_MS),
    "clock_forward": _clock(10 * MINUTE_MS, 26 * HOUR_MS),
    "clock_back": _clock(-5 * HOUR_MS, -10 * MINUTE_MS),
    "clock_lost": clock_lost,
    "clock_seen_again": clock_seen_again,
    "journal_damaged": journal_damaged,
    "battery_low": battery_low,
}
"""Every trouble by its name; a day is a choice of these."""

OF_TWO_PRINTERS: dict[str, Trouble] = {
    "printer2_paper_out": _printer("paper_out", number=SECOND),
    "printer2_paper_low": _printer("paper_low", number=SECOND),
    "printer2_unplugged": _printer("none", number=SECOND),
    "printer2_paper_out_mid_slip": _while_standing_in(_mid_slip("paper_out", SECOND)),
    "printer2_offline_mid_slip": _while_standing_in(_mid_slip("offline", SECOND)),
    "printer2_silent": _while_standing_in(_silent(SECOND)),
    "printer2_slow": _while_standing_in(_slow(SECOND)),
    "printer2_fence_lost": _while_standing_in(_fence_lost(SECOND)),
    "power_cut_printing2": _while_standing_in(_cut_printing(SECOND)),
    "torn_beside_the_second": _mid_slip("paper_out"),
    "fence_lost_beside_the_second": _fence_lost(FIRST),
    "printers_out": printers_out,
}
"""Troubles of terminals that have two printers; a table of its own, so that the days of the others stay as they are."""

OF_FINGERS = frozenset({
    "keys_mashed", "key_bounced", "key_held", "scan_out_of_place", "scan_in_same_moment",
})  # fmt: skip
"""Troubles that the careful cashier follows key by key; the clerk does not."""
