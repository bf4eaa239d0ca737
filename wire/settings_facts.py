"""Facts about settings: what the fleet sent and what became of it, and what was changed at the terminal itself.

Which settings are in force from a record on is `SettingsApplied`'s; its digest tells overrides apart, too."""

from typing import ClassVar

from wire.fact import Fact


class SettingsStaged(Fact, frozen=True):
    """A document of the fleet was accepted, is safe on the card and waits until the terminal is idle. `digest`: SHA-256 of
    the signed text."""

    KIND: ClassVar[str] = "settings_staged"
    rev: int
    digest: str
    rollout: str = ""


class SettingsRefused(Fact, frozen=True):
    """A document was not taken: `path` in it, and why. `rev` 0: nobody could or should read it that far. `more`: so many
    others were refused since the last record of this kind, too many to record each."""

    KIND: ClassVar[str] = "settings_refused"
    SOON: ClassVar[bool] = True
    rev: int
    path: str
    code: int
    reason: str
    digest: str
    more: int = 0


class SettingsKept(Fact, frozen=True):
    """The settings on trial have proven good."""

    KIND: ClassVar[str] = "settings_kept"
    rev: int


class SettingsReturned(Fact, frozen=True):
    """The settings on trial have proven bad: the terminal went back by itself to those of `to_rev`."""

    KIND: ClassVar[str] = "settings_returned"
    rev: int
    to_rev: int
    code: int
    reason: str


class SettingOverridden(Fact, frozen=True):
    """Somebody changed a setting at the terminal; it is laid over the fleet's document from now on. Values are JSON."""

    KIND: ClassVar[str] = "setting_overridden"
    path: str
    value: str
    operator: str
    before: str = ""


class SettingRestored(Fact, frozen=True):
    """A change made at the terminal was taken back; `operator` empty: by the fleet."""

    KIND: ClassVar[str] = "setting_restored"
    path: str
    operator: str = ""
