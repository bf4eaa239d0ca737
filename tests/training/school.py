"""A counter whose core can practise."""

from dataclasses import dataclass
from pathlib import Path

from firmware.events import Key, KeyHeld, Print
from firmware.training import School, Trainee
from tests.counter import Counter


@dataclass
class Classroom(Counter):
    """`practise` goes there from the menu; `leave` holds F2."""

    def boot(self, notices: tuple[tuple[int, str], ...] = (), safe_mode: bool = False) -> "Classroom":
        """As the daemon does: clear what a power cut left of practice, then start."""
        school = School(self.folder, b"k" * 32)
        school.clear()
        super().boot(notices, safe_mode)
        self.terminal = Trainee(self.terminal, school)  # type: ignore[assignment]
        return self

    @property
    def trainee(self) -> Trainee:
        assert isinstance(self.terminal, Trainee)
        return self.terminal

    def practise(self) -> "Classroom":
        """From the ready screen, by the menu."""
        self.keys("MENU 9 8 OK")
        assert self.trainee.practice is not None, self.text()
        return self

    def leave(self) -> "Classroom":
        """F2 for two seconds."""
        self.keys("F2").step(KeyHeld(Key.F2))
        return self

    def bar(self) -> str:
        """What the training bar says."""
        from firmware.render_text import speak

        view = self.terminal.shown
        assert view is not None
        return speak(view.lang, view.status.training)

    def slips(self) -> list[Print]:
        return self.printed()


def practice_files(folder: Path) -> list[str]:
    """What lies in the practice folder."""
    return sorted(path.name for path in folder.rglob("training*"))
