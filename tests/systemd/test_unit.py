"""The unit, the udev rules and the daemon's user, judged by systemd's own tools where the machine has them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from firmware.drivers.slots.launch import KERNEL_ENVIRONMENT

FOLDER = Path(__file__).parents[2] / "systemd"
UNIT, RULES, USERS = FOLDER / "posd.service", FOLDER / "99-pos.rules", FOLDER / "posd.sysusers"
EXPOSURE_MAX = 2.2
"""`systemd-analyze security`: 0 is shut in, 10 is wide open."""

analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")


def option(name):
    return re.findall(rf"(?m)^{name}=(.*)$", UNIT.read_text())


def verify(tmp_path, text):
    """systemd's verdict on a unit, with /bin/true for our programs, which are not installed here."""
    unit = tmp_path / "posd.service"
    unit.write_text(re.sub(r"/usr/bin/posd\S*", "/bin/true", text))
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, [line for line in done.stderr.splitlines() if "posd.service" in line]


@analyze
def test_the_unit_is_valid(tmp_path):
    assert verify(tmp_path, UNIT.read_text()) == (0, [])


@analyze
@pytest.mark.parametrize("slip", ["WatchdogSecs=15", "Restart=sometimes", "DeviceAllow=char-input rwx"])
def test_a_slip_in_the_unit_would_be_found(tmp_path, slip):
    code, said = verify(tmp_path, UNIT.read_text().replace("WatchdogSec=15", slip))
    assert code != 0 or said


@analyze
def test_the_unit_is_shut_in(tmp_path):
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    match = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert match, done.stdout + done.stderr
    assert float(match[1]) <= EXPOSURE_MAX


def test_the_daemon_is_watched_and_started_again_for_ever():
    assert option("Type") == ["notify"]
    assert option("WatchdogSec") == ["15"]
    assert (option("Restart"), option("RestartSec")) == (["always"], ["2"])
    assert option("StartLimitIntervalSec") == ["0"], "safe mode is the daemon's; systemd never gives up"


def test_the_daemon_is_told_which_boot_of_the_kernel_this_is():
    assert f"{KERNEL_ENVIRONMENT}=%b" in option("Environment"), "ProcSubset hides the kernel's own file"


def test_every_program_of_the_unit_is_one_we_install():
    scripts = re.findall(r'(?m)^([\w-]+) = "[\w.]+:main"$', (FOLDER.parent / "pyproject.toml").read_text())
    programs = re.findall(r"(?m)^Exec\w+=-?/usr/bin/(\S+)", UNIT.read_text())
    assert programs
    assert set(programs) <= set(scripts)


# --- udev ---

ASSIGNED = {"GROUP", "MODE", "SYMLINK", "RUN", "GOTO", "LABEL"}
MATCHED = {"ACTION", "SUBSYSTEM", "KERNEL"}
TERM = re.compile(r'(?P<key>[A-Z]+)(?P<attr>\{[^}]+\})?(?P<op>==|!=|\+=|=)"(?P<value>[^"]*)"')


def rules():
    for line in RULES.read_text().splitlines():
        if line and not line.startswith("#"):
            terms = [TERM.fullmatch(term) for term in re.split(r",\s*(?=[A-Z])", line)]
            assert all(terms), f"no udev rule: {line}"
            yield [(m["key"], m["attr"] or "", m["op"], m["value"]) for m in terms]


def test_every_rule_is_made_of_known_terms():
    for rule in rules():
        for key, _, op, _ in rule:
            if key in ("ENV", "ATTRS"):
                assert key == "ENV" or op in ("==", "!=")
            else:
                assert (key in MATCHED and op in ("==", "!=")) or (key in ASSIGNED and op in ("=", "+=")), rule


def test_every_jump_has_its_label_further_down():
    seen = []
    for rule in reversed(list(rules())):
        for key, _, _, value in rule:
            if key == "LABEL":
                seen.append(value)
            if key == "GOTO":
                assert value in seen, value
    assert len(seen) == len(set(seen))


def test_the_roles_are_those_the_daemon_looks_for():
    given = {v for rule in rules() for key, attr, op, v in rule if (key, attr, op) == ("ENV", "{ID_POS_ROLE}", "=")}
    assert given == {"keypad", "scanner", "printer"}


def test_the_names_of_the_profiles_are_made_by_the_rules():
    links = {v for rule in rules() for key, _, op, v in rule if (key, op) == ("SYMLINK", "+=")}
    profiles = (FOLDER.parent / "firmware/profiles").glob("*.toml")
    wanted = {name for path in profiles for name in re.findall(r'"/dev/(pos-[\w-]+)"', path.read_text())}
    assert wanted
    assert wanted <= links


def test_every_group_of_the_rules_is_one_of_the_daemons():
    groups = {v for rule in rules() for key, _, _, v in rule if key == "GROUP"}
    assert groups <= set(option("SupplementaryGroups")[0].split())


def can_verify_rules():
    if shutil.which("udevadm") is None:
        return False
    return subprocess.run(["udevadm", "verify", "--help"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_verify_rules(), reason="this udevadm has no `verify` (systemd 254 or later)")
def test_udev_itself_finds_nothing_wrong():
    done = subprocess.run(["udevadm", "verify", str(RULES)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# --- user ---


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is missing")
def test_the_daemons_user_has_all_groups_of_the_unit(tmp_path):
    (tmp_path / "etc").mkdir()
    command = ["systemd-sysusers", f"--root={tmp_path}", str(USERS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    rows = [line.split(":") for line in (tmp_path / "etc/group").read_text().splitlines()]
    mine = {name for name, _, _, members in rows if "posd" in members.split(",")}
    assert mine == set(option("SupplementaryGroups")[0].split())
    assert option("User") == ["posd"]
