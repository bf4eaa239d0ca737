"""The runbooks of `docs/operating-a-fleet.md`, played on a `House` of real processes. Each ends with a fleet that works.

`python -m tests.runbooks.plays` plays all of them and prints every command with what it said.
"""

import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

from tests.runbooks.house import FLOAT, SIGN_ON, House, Terminal, same, until

OURS = "T0001"


def begin(house: House) -> Terminal:
    """The first day: a terminal is entered, signed on, has its settings, and its first sale is here."""
    house.posfleet("register", OURS, "--shop", "s1", "--tag", "pilot")
    terminal = house.terminal(OURS)
    terminal.press(f"{SIGN_ON} {FLOAT}")
    footer(house, "Thank you")
    terminal.sell()
    until(lambda: same(terminal, house, OURS), "the first sale")
    return terminal


def footer(house: House, text: str, push: bool = True) -> None:
    """Write the fleet's footer; push it and wait until it is in force."""
    path = house.folder / "fleet.toml"
    path.write_text(f'[shop]\nfooter = ["{text}"]\n', encoding="utf-8")
    house.posfleet("settings", "put", "fleet", path)
    if push:
        house.posfleet("settings", "push", "--all", "--dry-run")
        house.posfleet("settings", "push", OURS, "--yes", "--why", f"footer {text}")
        in_force(house)


def in_force(house: House) -> None:
    def reported() -> bool:
        row = house.look(OURS)
        return bool(row["reported"]) and row["reported"]["rev"] == row["desired_rev"] > 0

    until(reported, "settings in force")


def database_lost(house: House, terminal: Terminal) -> None:
    """A copy is taken, the shop sells on and gets other settings, and then the copy is all there is."""
    backup = house.folder / "backup.db"
    copied(house, backup)
    terminal.sell()
    terminal.sell()
    footer(house, "After the backup")
    until(lambda: same(terminal, house, OURS), "the sales after the backup")
    before = house.kept(OURS)
    house.end()
    terminal.sell()  # while there is no backend
    house.replace_by(backup)
    old = house.kept(OURS)
    assert len(old) < len(before), "the copy must be older, or this shows nothing"
    house.serve()
    house.posfleet("cmd", "selftest", OURS, code=None)  # makes each terminal say how far it is
    gap = until(lambda: house.lines("gaps", code=None), "the gap")[0]
    assert gap["first"] == old[-1][0] + 1
    assert gap["last"] >= before[-1][0]
    bounds = ("--epoch", gap["epoch"], "--first", gap["first"], "--last", gap["last"])
    house.posfleet("cmd", "replay", OURS, *bounds)
    until(lambda: same(terminal, house, OURS), "every record again")
    assert house.kept(OURS)[: len(before)] == before, "the very records that were here"
    assert house.lines("gaps") == []
    assert house.lines("quarantine") == []
    house.posfleet("records", "verify", OURS)
    footer(house, "After the loss")  # the copy knows fewer revisions than the terminal has seen


def copied(house: House, path: Path) -> None:
    """A copy of the running backend's database, as the runbook makes it."""
    source = sqlite3.connect(f"file:{house.data / 'fleet.db'}?mode=ro", uri=True)
    source.execute("VACUUM INTO ?", (str(path),))
    source.close()


def broker_lost(house: House, terminal: Terminal) -> None:
    """The broker is gone with everything it kept; the shop sells on; a new one stands in its place."""
    house.broker.kill()
    shutil.rmtree(house.folder / "state")
    (house.folder / "state").mkdir()
    until(lambda: terminal.screen()["status"]["link"] != "up", "the terminal to notice")
    terminal.sell()
    terminal.sell()
    footer(house, "Without a broker", push=False)
    house.posfleet("settings", "push", OURS, "--yes", "--why", "pushed while the broker was away")
    assert not same(terminal, house, OURS)
    house.broker.start()
    until(lambda: same(terminal, house, OURS), "what was sold meanwhile")
    in_force(house)
    assert house.lines("gaps") == []
    house.posfleet("terminals", OURS)


def terminal_stolen(house: House) -> None:
    """One is locked, thrown out and does not come back; the others notice nothing."""
    stolen = house.terminal("T0099")
    house.posfleet("register", "T0099", "--shop", "s1")
    until(lambda: (house.look("T0099").get("state") or {}).get("online"), "it to be there")
    house.posfleet("cmd", "lock", "T0099", "--why", "stolen", "--yes")
    house.posfleet("ca", "revoke", "T0099", "--reason", "stolen")
    house.posfleet("broker", "update", "--out", house.folder / "broker")
    house.broker.reload()
    house.posfleet("broker", "kick", "T0099", *house.link)
    house.posfleet("register", "T0099", "--retired", "--note", "stolen")
    until(lambda: stolen.screen()["status"]["link"] != "up", "it to be out")
    stolen.stop()
    house.broker.log.clear()
    again = Terminal(stolen.folder)  # switched off and on again by whoever has it
    try:
        again.wait_ready()
        until(lambda: any("certificate verify failed" in line for line in house.broker.log), "the broker to refuse it")
        assert again.screen()["status"]["link"] != "up"
    finally:
        again.stop()
    house.posfleet("ca", "list", "T0099")
    house.posfleet("audit", "--subject", "T0099")


def locked_while_off(house: House) -> None:
    """One is switched off when it is locked: the order waits at the broker and comes before the time does."""
    off = house.terminal("T0098")
    house.posfleet("register", "T0098", "--shop", "s1")
    until(lambda: (house.look("T0098").get("state") or {}).get("online"), "it to be there")
    off.stop()
    house.posfleet("cmd", "lock", "T0098", "--why", "stolen", "--yes", "--expires", "518400", "--no-wait")
    again = Terminal(off.folder)
    try:
        again.wait_ready()
        until(lambda: _standing(house, "T0098") == "done", "its lock")
        assert "terminal_locked" in [row["kind"] for row in again.journal()]
    finally:
        again.stop()


def _standing(house: House, name: str) -> str:
    return next(row["status"] for row in house.lines("cmd", "list", "--terminal", name, said=False))


def bad_rollout(house: House, terminal: Terminal) -> None:
    """A roll-out reaches its first terminal, somebody sees that it is wrong, stops it and takes it back."""
    footer(house, "Wrong", push=False)
    plan = house.folder / "plan.toml"
    plan.write_text('bake_s = 3600\nfirst = ["T0001"]\n[[stages]]\nterminals = 1\n[[stages]]\npercent = 100\n')
    before = house.look(OURS)["reported"]["sha256"]
    shown = house.lines("rollout", "start", "--all", "--plan", plan, "--why", "new footer")[0]
    number = shown["look"]["rollout"]
    house.posfleet("rollout", "approve", number, code=3)  # whoever started it does not release it
    house.approve(number, "boris")
    until(lambda: house.look(OURS)["reported"]["sha256"] != before, "the first terminal")
    house.posfleet("rollout", "pause", number, "--why", "wrong footer")
    house.posfleet("rollout", "revert", number, "--why", "wrong footer", "--yes")
    until(lambda: house.look(OURS)["reported"]["sha256"] == before, "the footer that was there before")
    until(lambda: _state(house, number) == "reverted", "its end")
    house.posfleet("rollout", "status", number, code=1)
    house.posfleet("settings", "diff", "fleet")
    house.posfleet("pushes", "--terminal", OURS)
    footer(house, "Right again")
    assert terminal.screen()["status"]["link"] == "up"


def _state(house: House, number: int) -> str:
    return next(row["look"]["state"] for row in house.lines("rollout", "status", number, code=None, said=False))


def authority_renewed(house: House, terminal: Terminal) -> None:
    """All authorities are renewed, the broker shows a new certificate: old terminals, new ones and the backend come in."""
    broker, made = house.folder / "broker", house.folder / "server"
    house.posfleet("ca", "renew", "--roots")
    house.posfleet("broker", "update", "--out", broker)
    house.broker.reload()
    house.posfleet("ca", "server", "broker", "--host", "127.0.0.1", "--dir", made)
    shutil.copyfile(made / "server.crt", broker / "server.crt")
    shutil.copyfile(made / "server.key", broker / "server.key")
    house.broker.stop()
    house.broker.start()
    terminal.sell()
    until(lambda: same(terminal, house, OURS), "a sale of a terminal that knows only the old root")
    house.end()
    house.serve()  # the backend with its old certificate
    fresh = house.terminal("T0100")
    until(lambda: (house.look("T0100").get("state") or {}).get("online"), "a terminal of the new authority")
    fresh.stop()
    house.posfleet("ca", "list")


def main() -> int:
    """Play all of them."""
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        try:
            with house:
                terminal = begin(house)
                for play in (database_lost, broker_lost, bad_rollout, authority_renewed):
                    house.said.append(f"=== {play.__name__}")
                    play(house, terminal)
                house.said.append("=== terminal_stolen")
                terminal_stolen(house)
                house.said.append("=== locked_while_off")
                locked_while_off(house)
        finally:
            print("\n".join(house.said).replace(str(house.folder), "…"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
