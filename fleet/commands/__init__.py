"""One file per command of `posfleet`, and the one way in which a command says that it cannot go on."""

from dataclasses import dataclass, field

from fleet.commands import exits
from fleet.store import StoreAway, StoreTrouble
from texts import Lang, t


@dataclass(slots=True)
class Wrong(Exception):
    """A command cannot go on. `name` is a pair of texts, `wrong__NAME` (the cause) and `step__NAME` (what to do), of
    the room `room`. How the command ends goes by the name (`exits`)."""

    name: str
    arguments: dict[str, str] = field(default_factory=dict)
    room: str = "fleet"

    def cause(self, lang: Lang) -> str:
        """What happened, in words."""
        return t(self.room, lang, f"wrong__{self.name}", **self.arguments)

    def line(self, lang: Lang) -> str:
        """Cause and next step, as they are printed."""
        return t("fleet", lang, "wrong__line", cause=self.cause(lang), step=self.step(lang))

    @property
    def code(self) -> int:
        """The exit code."""
        return exits.USAGE if self.name in exits.MEANT_WRONG else exits.TROUBLE

    def step(self, lang: Lang) -> str:
        """What the reader can do about it."""
        return t(self.room, lang, f"step__{self.name}", **self.arguments)


def no_store(shown: str, trouble: StoreTrouble, changes: bool = False) -> Wrong:
    """The database cannot be used: its server is out of reach, or it is something else about it. `changes`: something was to
    be changed, which may have happened just before."""
    away = "database_left" if changes else "database_away"
    name = away if isinstance(trouble, StoreAway) else "database"
    return Wrong(name, {"path": shown, "detail": str(trouble)})
