"""What the backend's core wants done after its commit."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from fleet import admin
from fleet.acquirer.port import Call
from fleet.vouchers import port as vouchers
from wire.fleet import Signed
from wire.messages import Answer, AskRenew, Time
from wire.records import Ack


@dataclass(frozen=True, slots=True)
class SendAck:
    terminal: str
    ack: Ack


@dataclass(frozen=True, slots=True)
class SendAnswer:
    terminal: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class SendTime:
    terminal: str
    time: Time


@dataclass(frozen=True, slots=True)
class Ticket:
    """Which call an answer of the acquirer is to: the `call`-th about payment or refund `key`, asked for by `asker`.
    `check`: the query that follows a reversal the channel refused."""

    what: Literal["pay", "query", "reverse", "check", "refund", "refund_query"]
    key: str
    call: int
    asker: str


@dataclass(frozen=True, slots=True)
class CallAcquirer:
    """Call the acquirer, but not after `start_by_ms` (backend's clock) -> `AcquirerAnswered`, by the edge itself with
    "no answer" when none came."""

    ticket: Ticket
    call: Call
    start_by_ms: int


VoucherWhat = Literal["prepare", "code", "consume", "query", "undo", "check", "deals"]


@dataclass(frozen=True, slots=True)
class VoucherTicket:
    """Which call an answer of a platform is to. `key`: a use's request number, the number of a look, or a platform. `call`:
    the how-manyth about that use. `asker` "": nobody waits for it. `code` prepares a registered voucher, `check` is the
    query after an undo the platform refused. `seen`: digest of what was typed or scanned."""

    what: VoucherWhat
    key: str
    call: int
    asker: str
    platform: str = ""
    shop: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True)
class CallPlatform:
    """Call a platform, but not after `start_by_ms` (backend's clock) -> `PlatformAnswered`, by the edge itself with "no
    answer" when none came."""

    ticket: VoucherTicket
    call: vouchers.Call
    start_by_ms: int


class SendDesired(NamedTuple):
    """The settings a terminal is to have, retained. A tuple, for a push makes thousands."""

    terminal: str
    rev: int
    signed: Signed  # may hold a secret

    def __repr__(self) -> str:
        return f"SendDesired({self.terminal!r}, {self.rev})"

    @property
    def sent(self) -> "Sent":
        return Sent(self.terminal, self.rev)


@dataclass(frozen=True, slots=True)
class SendCommand:
    """One order, for as long as it is good."""

    terminal: str
    cid: str
    name: str
    signed: Signed = field(repr=False)
    expiry_s: int = 120

    @property
    def sent(self) -> "Sent":
        return Sent(self.terminal, cid=self.cid)


class Sent(NamedTuple):
    """Which of what was sent the broker says it has: settings of a revision, or an order. A tuple, for thousands of them
    are looked up."""

    terminal: str
    rev: int = 0
    cid: str = ""


@dataclass(frozen=True, slots=True)
class MoreDue:
    """There is more to be sent: the core wants a `Pump` soon."""


@dataclass(frozen=True, slots=True)
class HearKept:
    """Have the broker give what it has kept of all terminals, once."""


@dataclass(frozen=True, slots=True)
class Told:
    """The answer to a call at the admin door; what it promises is committed."""

    reply: admin.Reply


@dataclass(frozen=True, slots=True)
class RenewKey:
    """A terminal asks for a certificate for a new key; the authority beside the store answers, or nobody does."""

    terminal: str
    ask: AskRenew


Effect = (
    SendAck
    | SendAnswer
    | SendTime
    | CallAcquirer
    | CallPlatform
    | SendDesired
    | SendCommand
    | MoreDue
    | HearKept
    | RenewKey
    | Told
)
