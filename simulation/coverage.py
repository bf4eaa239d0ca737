"""What a run of many days must have met: everything there is, taken from the code, so that nothing new goes unplayed."""

import importlib
import pkgutil

import firmware.events as events
import firmware.screens
import firmware.txn
from firmware.screens.base import Screen
from rules.errors import errors
from simulation.faults import OF_TWO_PRINTERS, TROUBLES
from simulation.goods import BAD_SCANS
from simulation.machine import Met
from simulation.wish_money import LATER, PLAYS
from simulation.wish_voucher import LATER as PLATFORM_LATER
from simulation.wish_voucher import PLAYS as PLATFORM_PLAYS
from wire.facts import KINDS

LATER_FACTS = {"carried"}
"""A day is too short for pruning, which waits 35 days and never touches the open shift."""

ELSEWHERE = {
    "screens": {
        "Help", "HelpChoice", "HelpSearch", "Network", "EventFilter", "EventDetails",
        "Coupons", "VoucherLines", "Training", "Tasks", "OneOperator", "ReopenTheDay", "DayIsClosed", "OpenByKey",
        "Sought", "Locked", "Updating",
        "SettingsHome", "SettingsGroup", "SettingChoice", "SettingNumber", "SettingText", "SettingList"},
    "commands": {
        "StartTraining", "StopTraining", "ResetPin", "UnlockOperator", "CheckOwnPin", "OwnPinWrong", "ReopenDay",
        "IssueBadge", "PrintBadge", "RevokeBadge", "ReadBadge", "PrintDrawerLog", "PrintCopies", "PrintDetail",
        "PrintDiagnosis", "PrintEvents", "PrintError", "BookCovered", "Reconnect", "TakeOrder", "BeginCommand",
        "EndCommand", "MoveUpdate", "ChangeSetting", "TakeBack",
    },
    "facts": {"training_entered", "training_left", "day_reopened", "pin_reset", "operator_unlocked", "badge_issued",
              "badge_revoked", "copy_shown", "command_taken", "command_begun", "command_ended", "terminal_locked",
              "terminal_unlocked", "update_moved", "settings_staged", "settings_refused", "settings_kept",
              "settings_returned", "setting_overridden", "setting_restored"},
    "events": {"PracticeOver", "PracticePulse", "NameFound", "NetworkSeen", "OrderCame", "Fetched", "FetchFailed",
               "DesiredCame", "SettingsStored", "KeyTrouble"},
    "effects": {"Practise", "Connect", "FindName", "Fetch", "Unfetch", "RestartDevice", "StoreSettings", "Configure"},
}  # fmt: skip
"""Not played in simulated days: practice stands beside the terminal (tests/training); locks lifted, badges and a day
opened again have tests of their own (tests/operators, tests/till), some reports on paper too (tests/reprint), and so has the
key of rules that simulated shops do not have (tests/drawer). The simulated platforms name one coupon to a code and map
every package to goods (tests/vouchers), and an order that is paid only while no shift is open (`BookCovered`) has its test
in tests/till. Help, the event log's pages and the network's change nothing
(tests/help, tests/events). Commands from afar, updates and settings are played between sales and cuts by tests/remote,
tests/update and tests/settings (`days.py`), with mistakes of their own."""

OWN_COMMANDS = {"SignOnAnswered", "KeepPin"}
"""Commands given by the answer of a worker: met all the same; listed for the reader."""

CODES = (
    2002, 2003, 2004, 2005, 2006, 2007, 2015, 2021, 2022,
    3001, 3004, 3009, 3013, 3022, 3023, 3025, 3030, 3032, 4011, 5004, 5005, 5006, 5007, 5008, 5017, 5020, 5022, 5030,
    6001, 6004, 6005, 6006, 6007, 6009, 6013, 6014, 6018, 6019,
    8001, 8003, 8008, 8011, 8013, 9002, 9008, 9009, 9011, 9012, 9013,
)  # fmt: skip
"""Refusals that keys, scans and devices of this issue can bring about. Others are guarded by screens (2001, 2014, 4010,
6008, 8010), or stop the terminal (9003: the ledger's own tests)."""

CUTS = ("in_basket", "before_commit", "after_commit", "after_sale", "among_effects", "between", "printing", "twice")
DISK_ERRORS = ("SQLITE_FULL", "SQLITE_READONLY")


def _modules(package: object) -> list[object]:
    path, name = getattr(package, "__path__"), getattr(package, "__name__")  # noqa: B009
    return [importlib.import_module(f"{name}.{each.name}") for each in pkgutil.iter_modules(path)]


def screens() -> set[str]:
    """Every Screen class that is shown; what only others are made from is none."""
    _modules(firmware.screens)
    found = _made_from(Screen)
    return {cls.__name__ for cls in found} - {cls.__name__ for cls in found if cls.__subclasses__()}


def _made_from(base: type[Screen]) -> set[type[Screen]]:
    """By name, because a class with slots was another class before it got them."""
    made = set(base.__subclasses__())
    return made.union(*map(_made_from, made))


def commands() -> set[str]:
    """Every Command class: what the business files define with a `decide`."""
    return {
        name
        for module in _modules(firmware.txn)
        for name, cls in vars(module).items()
        if isinstance(cls, type) and "decide" in vars(cls) and cls.__module__ == getattr(module, "__name__", "")
        and not getattr(cls, "_is_protocol", False)
    }  # fmt: skip


def expected() -> dict[str, set[str]]:
    """What must be met, by table of `Met`."""
    everything = {
        "faults": {
            *TROUBLES,
            *OF_TWO_PRINTERS,
            "stand_in_prints",
            "stand_in_continues",
            *(f"channel_pay_{play}" for play in PLAYS if play != "success"),
            *(f"channel_{call}_{play}" for call, play in LATER),
            *(f"platform_consume_{play}" for play in PLATFORM_PLAYS if play != "success"),
            *(f"platform_{call}_{play}" for call, play in PLATFORM_LATER),
            *(f"power_cut_{kind}" for kind in CUTS),
            *(f"disk_error_{name}" for name in DISK_ERRORS),
            "record_damaged",
            *(f"scan_{kind}" for kind in BAD_SCANS),
        },
        "screens": screens(),
        "commands": commands(),
        "facts": set(KINDS) - LATER_FACTS,
        "codes": {str(code) for code in CODES},
        "events": {cls.__name__ for cls in events.Event.__args__},
        "effects": {cls.__name__ for cls in events.Effect.__args__},
    }
    return {table: names - ELSEWHERE.get(table, set()) for table, names in everything.items()}


def missing(met: Met) -> list[str]:
    """What there is and was never met."""
    return [
        f"{table}: {name}"
        for table, names in expected().items()
        for name in sorted(names)
        if not getattr(met, table).get(name)
    ]


def report(met: Met) -> str:
    """What was met, by table, the rarest first."""
    parts = []
    for table in ("faults", "screens", "commands", "facts", "codes", "events", "effects"):
        counts: dict[str, int] = getattr(met, table)
        cells = [f"{_named(table, name)} {count}" for name, count in sorted(counts.items(), key=lambda x: (x[1], x[0]))]
        parts.append(f"{table} ({len(counts)}): " + ", ".join(cells))
    parts.append(f"faults by screen: {len(met.states)} pairs")
    return "\n".join(parts)


def _named(table: str, name: str) -> str:
    known = errors().get(int(name)) if table == "codes" else None
    return f"{name} {known.key}" if known else name
