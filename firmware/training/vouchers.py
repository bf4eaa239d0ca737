"""Vouchers to practise with: any code of twelve digits is a cash voucher over 10.00, whose last two digits choose what
happens. Nothing leaves the device, and no platform knows of it."""

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from wire.vouchers import (
    AnswerDeals,
    AnswerVoucher,
    AnswerVoucherLook,
    AnswerVoucherPrepare,
    AskDeals,
    AskVoucherConsume,
    AskVoucherLook,
    AskVoucherPrepare,
    AskVoucherQuery,
    AskVoucherUndo,
    Coupon,
    VoucherAnswer,
    VoucherState,
)

USES_MAX: Final = 1_000
FACE_FEN, PRICE_FEN = 1_000, 880
NO_USE = 3002

REFUSED: Final = {"22": 3003, "23": 3005, "24": 3007}
"""Last two digits of a code that is refused when it is looked at: used already, expired, of another shop."""

LOST, REJECTED, KEPT = "33", "44", "55"
"""Last two digits of one that gets no answer until it is asked about, that the platform refuses at last, that it does not
give back."""

UNKNOWN, VOID, NOT_REVERSIBLE = 3022, 3036, 3020


@dataclass(frozen=True, slots=True)
class Use:
    """One use at the practice platform."""

    story: str  # the code's last two digits
    state: VoucherState


@dataclass(slots=True)
class VoucherBank:
    """The platform of practice."""

    title: str = "练习代金券"
    uses: dict[str, Use] = field(default_factory=dict)  # by request number

    def answer(self, ask: object) -> VoucherAnswer | None:
        """What a backend would say; None: there is no answer, or it is no ask about vouchers."""
        match ask:
            case AskVoucherPrepare():
                return self._prepare(ask)
            case AskVoucherConsume(request_no):
                return self._consume(request_no, ask)
            case AskVoucherQuery(request_no):
                return self._query(request_no)
            case AskVoucherUndo(request_no):
                return self._undo(request_no)
            case AskVoucherLook(look_no):
                return AnswerVoucherLook(look_no, NO_USE)
            case AskDeals(have, page):
                return AnswerDeals("practice", page, 1, same=have == "practice")
            case _:
                return None

    def _prepare(self, ask: AskVoucherPrepare) -> AnswerVoucherPrepare:
        story = ask.code[-2:]
        if story in REFUSED:
            return AnswerVoucherPrepare(ask.look_no, REFUSED[story])
        coupon = Coupon(
            f"practice-{story}", ask.platform or "meituan", "practice", self.title, "cash", ask.code[-4:],
            face_fen=FACE_FEN, basis_fen=PRICE_FEN,
        )  # fmt: skip
        return AnswerVoucherPrepare(ask.look_no, 0, (coupon,))

    def _consume(self, request_no: str, ask: AskVoucherConsume) -> AnswerVoucher | None:
        known = self.uses.get(request_no)
        if known is None:
            story = (ask.ref or ask.code)[-2:]
            known = Use(story, "rejected" if story == REJECTED else "consumed")
            while len(self.uses) >= USES_MAX:
                self.uses.pop(next(iter(self.uses)))
            self.uses[request_no] = known
            if story == LOST:
                return None
        return self._told(request_no, known, "consume")

    def _query(self, request_no: str) -> AnswerVoucher:
        known = self.uses.get(request_no)
        return self._told(request_no, known, "query") if known else AnswerVoucher(request_no, "query", "absent")

    def _undo(self, request_no: str) -> AnswerVoucher:
        known = self.uses.get(request_no, Use("", "rejected"))
        if known.state == "consumed":
            known = replace(known, state="kept" if known.story == KEPT else "undone")
        self.uses[request_no] = known
        return self._told(request_no, known, "undo")

    def _told(self, request_no: str, use: Use, to: Literal["consume", "query", "undo"]) -> AnswerVoucher:
        code = {"rejected": VOID, "kept": NOT_REVERSIBLE}.get(use.state, 0)
        redeemed = use.state in ("consumed", "kept")
        return AnswerVoucher(
            request_no, to, use.state, code,
            f"TRAINING{request_no[-6:]}" if redeemed else "", paid_fen=PRICE_FEN if redeemed else 0,
        )  # fmt: skip
