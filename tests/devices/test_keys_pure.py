"""Bytes of keypads and scanners become keys and scans: tables, without any thread."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.drivers.keys.codec import Lost, Unpacker
from firmware.drivers.keys.lanes import KeypadLane, SerialLane, WedgeLane
from firmware.events import Key, KeyHeld, KeyPressed, Scanned, ScanRejected
from firmware.hardware import load
from tests.devices.feeds import ENTER, event, key, tap, typed
from wire.board import KEY_CODES

GAP_MS = 70
OK, ONE = KEY_CODES["OK"], KEY_CODES["1"]


def keypad() -> KeypadLane:
    return KeypadLane(load("virtual").keypad.key_map())


def scans(data: bytes, lane: WedgeLane | SerialLane | None = None) -> list[object]:
    lane = lane or WedgeLane(GAP_MS)
    return [*lane.feed(data, 0), *lane.tick(GAP_MS)]


def texts(data: bytes, lane: WedgeLane | SerialLane | None = None) -> list[object]:
    return [s.text if isinstance(s, Scanned) else s.reason for s in scans(data, lane)]


@pytest.mark.parametrize("name", list(KEY_CODES))
def test_each_key_of_the_emulator_is_that_key(name):
    assert keypad().feed(tap(KEY_CODES[name], 5), 0) == [KeyPressed(Key(name), 5)]


@settings(deadline=None)
@given(st.lists(st.integers(1, 60)))
def test_pieces_of_any_size_give_the_same_changes(cuts):
    data = typed("Ab 1!\n")
    unpacker, found, at = Unpacker(), [], 0
    for cut in cuts:
        found += unpacker.feed(data[at : at + cut])
        at += cut
    found += unpacker.feed(data[at:])
    assert found == Unpacker().feed(data)


def test_the_keyboards_own_repeat_is_no_second_press():
    held = key(ONE, 1, 0) + b"".join(key(ONE, 2, at) for at in range(250, 1900, 33)) + key(ONE, 0, 1900)
    assert keypad().feed(held, 0) == [KeyPressed(Key.D1, 0)]


def test_a_key_held_two_seconds_is_told_once_by_our_clock():
    lane = keypad()
    assert lane.feed(key(OK, 1, 100), 1000) == [KeyPressed(Key.OK, 100)]
    assert lane.due_ms == 3000
    assert lane.tick(2999) == []
    assert lane.tick(3000) == [KeyHeld(Key.OK, 2100)]
    assert lane.tick(9000) == []
    assert lane.feed(key(OK, 0, 9000), 9000) == []


def test_a_late_thread_still_tells_a_long_press_by_the_devices_clock():
    assert keypad().feed(tap(OK, 0, for_ms=2000), 0) == [KeyPressed(Key.OK, 0), KeyHeld(Key.OK, 2000)]
    assert keypad().feed(tap(OK, 0, for_ms=1999), 0) == [KeyPressed(Key.OK, 0)]


def test_only_the_key_pressed_last_counts_as_held():
    lane = keypad()
    lane.feed(key(OK, 1, 0) + key(ONE, 1, 500) + key(OK, 0, 2600), 0)
    assert lane.tick(2000) == [KeyHeld(Key.D1, 2500)]


def test_a_key_down_when_the_plug_is_pulled_is_not_held():
    lane = keypad()
    lane.feed(key(OK, 1, 0), 0)
    lane.unplugged()
    assert lane.due_ms is None
    assert lane.feed(tap(ONE), 0) == [KeyPressed(Key.D1, 0)]


def test_a_torn_event_before_unplugging_does_not_shift_the_next_ones():
    lane = keypad()
    lane.feed(tap(ONE)[:-7], 0)
    lane.unplugged()
    assert lane.feed(tap(OK), 0) == [KeyPressed(Key.OK, 0)]


def test_lost_keys_are_said_and_the_rest_until_the_report_is_thrown_away():
    dropped = event(0, 3, 0) + event(1, ONE, 1) + event(0, 0, 0, 40)
    lane = keypad()
    assert Unpacker().feed(dropped) == [Lost(40)]
    assert lane.feed(dropped + tap(OK, 50), 0) == [ScanRejected("lost_keys"), KeyPressed(Key.OK, 50)]
    assert lane.lost


def test_after_lost_keys_a_key_no_longer_down_is_not_held():
    lane = keypad()
    lane.feed(key(OK, 1, 0), 0)
    lane.resync(frozenset({ONE}), caps=False)
    assert lane.due_ms is None


WEDGE = [
    ("6901234567892\n", ["6901234567892"]),
    ("6901234567892", ["6901234567892"]),  # no terminator: silence ends it
    ("6901234567892\n6901234567892\n", ["6901234567892", "6901234567892"]),
    ("\n\n\n", []),
    ("Ab-_$%{}~ z\n", ["Ab-_$%{}~ z"]),
    ("https://example.cn/q?a=1&b=C_D\n", ["https://example.cn/q?a=1&b=C_D"]),
    ("x" * 1024 + "\n", ["x" * 1024]),
    ("x" * 1025 + "\n12\n", ["too_long", "12"]),
    ("x" * 2000 + "\n12\n", ["too_long", "12"]),
    ("x" * 9000 + "\n12\n", ["too_long", "12"]),
]


@pytest.mark.parametrize(("sent", "taken"), WEDGE)
def test_a_wedge_scanner(sent, taken):
    assert texts(typed(sent)) == taken


def test_two_scans_without_terminator_are_told_apart_by_the_devices_clock():
    lane = WedgeLane(GAP_MS)
    assert texts(typed("111", 0) + typed("222", 2 + GAP_MS + 1), lane) == ["111", "222"]
    assert texts(typed("111", 5000) + typed("222", 5002 + GAP_MS), lane) == ["111222"]


def test_a_scan_is_not_over_before_the_silence():
    lane = WedgeLane(GAP_MS)
    assert lane.feed(typed("123"), 1000) == []
    assert lane.busy
    assert lane.due_ms == 1000 + GAP_MS
    assert lane.tick(1000 + GAP_MS - 1) == []
    assert lane.tick(1000 + GAP_MS) == [Scanned("123", device_ms=2)]
    assert not lane.busy


def test_half_a_scan_at_unplugging_is_no_scan():
    lane = WedgeLane(GAP_MS)
    lane.feed(typed("69012"), 0)
    assert lane.unplugged() == [ScanRejected("lost_keys")]
    assert texts(typed("34567\n"), lane) == ["34567"]


def test_unplugging_at_any_byte_never_makes_a_wrong_scan():
    data = typed("aB1\n")
    for cut in range(len(data)):
        lane = WedgeLane(GAP_MS)
        found = [*lane.feed(data[:cut], 0), *lane.unplugged(), *lane.feed(data, 0)]
        assert [s.text for s in found if isinstance(s, Scanned)] in (["aB1"], ["aB1", "aB1"])


def test_lost_keys_spoil_the_running_scan_only():
    lane = WedgeLane(GAP_MS)
    dropped = event(0, 3, 0) + event(0, 0, 0)
    assert texts(typed("690") + dropped + typed("892\n") + typed("77\n", 9), lane) == ["lost_keys", "77"]


def test_caps_lock_turns_letters_not_digits():
    caps = key(58, 1) + key(58, 0)
    assert texts(caps + typed("aB1!\n") + caps + typed("a\n")) == ["Ab1!", "a"]


def test_the_devices_own_word_about_caps_lock_counts_after_lost_keys():
    lane = WedgeLane(GAP_MS)
    lane.resync(frozenset(), caps=True)
    assert texts(typed("a\n"), lane) == ["A"]


def test_gs_is_kept_other_control_keys_refuse_the_scan():
    control = key(29, 1)
    gs = control + key(27, 1) + key(27, 0) + key(29, 0)
    escape = control + key(26, 1) + key(26, 0) + key(29, 0)
    assert texts(typed("]C110A") + gs + typed("21B\n")) == ["10A\x1d21B"]
    assert texts(typed("10A") + escape + typed("21B\n")) == ["undecodable"]


def test_alt_codes_of_a_chinese_qr_are_not_guessed_at():
    alt = key(56, 1) + tap(77) + tap(75) + key(56, 0)
    assert texts(alt + typed("1\n")) == ["undecodable"]


def test_the_aim_identifier_goes_into_the_symbology():
    assert scans(typed("]E06901234567892\n", 7)) == [Scanned("6901234567892", "E0", 7 + 16)]


SERIAL = [
    (b"6901234567892\r\n", ["6901234567892"]),
    (b"6901234567892\t", ["6901234567892"]),
    ("发票抬头：示例".encode() + b"\r", ["发票抬头：示例"]),
    ("发票抬头：示例".encode("gb18030") + b"\r", ["发票抬头：示例"]),
    ("\ufeff示例".encode() + b"\r", ["示例"]),
    ("示例".encode()[:-1] + b"\xff\r", ["undecodable"]),
    (b"\xff\xff\r12\r", ["undecodable", "12"]),
    (b"690\x1b[2J\r", ["undecodable"]),
    (b"690\x00692\r", ["undecodable"]),
    ("690\u202e123".encode() + b"\r", ["undecodable"]),
    (b"]Q3010690\x1d10A\r", ["010690\x1d10A"]),
    ("中".encode() * 1024 + b"\r", ["中" * 1024]),
    ("中".encode() * 1025 + b"\r", ["too_long"]),
    (b"9" * 5000 + b"\r12\r", ["too_long", "12"]),
]


@pytest.mark.parametrize(("sent", "taken"), SERIAL)
def test_a_serial_scanner(sent, taken):
    assert texts(sent, SerialLane(GAP_MS)) == taken


@pytest.mark.parametrize(("sent", "taken"), SERIAL)
def test_a_serial_scanner_one_byte_at_a_time(sent, taken):
    lane = SerialLane(GAP_MS)
    found = [e for at, byte in enumerate(sent) for e in lane.feed(bytes([byte]), at // 100)]
    found += lane.tick(10_000)
    assert [s.text if isinstance(s, Scanned) else s.reason for s in found] == taken


def test_enter_of_the_keypads_own_pad_ends_a_scan_too():
    assert texts(typed("12") + tap(96)) == ["12"]
    assert ENTER == 28
