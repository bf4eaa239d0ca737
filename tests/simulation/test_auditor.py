"""The auditor stands apart from the terminal, and coverage is taken from the code."""

import ast
from pathlib import Path
from types import ModuleType

import pytest

import simulation.auditor
import simulation.counter_audit
from simulation.coverage import commands, expected, missing, screens
from simulation.machine import Met
from simulation.verdict import judge
from simulation.world import Plan


@pytest.mark.parametrize("module", [simulation.auditor, simulation.counter_audit])
def test_the_auditor_knows_only_what_travels_and_what_was_seen(module: ModuleType) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    ours = {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module
        and node.module.split(".")[0] in ("firmware", "fleet", "rules", "paper", "simulation", "wire", "texts")
    }  # fmt: skip
    assert ours <= {
        "simulation.counter_audit", "simulation.voucher_audit", "simulation.witness", "wire.facts", "wire.records",
    }  # fmt: skip


def test_every_screen_and_command_of_the_code_is_expected() -> None:
    assert {"Idle", "BasketScreen", "Cash", "Sold", "KeptBasket", "Unfinished", "Wizard"} <= screens()
    assert {"TakeCash", "AddCode", "KeepBasket", "ContinueSlip", "SignOn"} <= commands()
    assert "Screen" not in screens()
    assert {"CountFloat", "CountDrawer"} <= screens()
    assert "Counting" not in screens(), "two screens are made from it, none shows it"
    assert "Command" not in commands()


def test_what_was_never_met_is_named() -> None:
    absent = missing(Met())
    assert "screens: Sold" in absent
    assert len(absent) == sum(len(names) for names in expected().values())
    met = judge(2, plan=Plan(0.5)).met
    assert "screens: Sold" not in missing(met)
    assert "facts: sale" not in missing(met)
