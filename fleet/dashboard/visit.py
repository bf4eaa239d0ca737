"""One request as its page sees it: who asks, in which language, what was sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fleet.admin import ROLES, Role
from texts import Lang


@dataclass(frozen=True, slots=True)
class Visit:
    """`user` "" and `role` None: nobody is signed in. `csrf` is what a form must carry; `form` is what one sent."""

    path: str
    query: Mapping[str, str]
    lang: Lang
    user: str
    role: Role | None
    csrf: str
    address: str
    now_ms: int
    form: Mapping[str, str] = field(default_factory=dict, repr=False)  # may hold a password
    params: Mapping[str, str] = field(default_factory=dict)

    def may(self, role: Role) -> bool:
        """Whether the visitor is at least that."""
        return self.role is not None and ROLES.index(self.role) >= ROLES.index(role)

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A number of the query within bounds; what is none is the default."""
        text = self.query.get(name, "")
        return min(high, max(low, int(text))) if text.isascii() and text.isdigit() and len(text) < 16 else default
