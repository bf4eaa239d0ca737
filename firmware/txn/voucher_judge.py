"""What the backend's word on a voucher use means, whichever one it is and however often it comes (domain 3.4)."""

from dataclasses import dataclass
from typing import Literal

from firmware.txn.voucher import Use
from wire.facts import VoucherHeard
from wire.vouchers import AnswerVoucher

UNKNOWN, PARTLY, VOID, KEPT = 3022, 3035, 3036, 3020


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer adds to what is known: a fact or none. `back`: it is redeemed although it was thought over, and must
    be given back; `absent`: the backend never saw the number; `odd`: why an answer was put aside."""

    heard: VoucherHeard | None = None
    back: bool = False
    absent: bool = False
    odd: str = ""


NOTHING_NEW = Verdict()


def judge(use: Use, answer: AnswerVoucher) -> Verdict:
    """What to make of an answer."""
    if answer.request_no != use.request_no:
        return Verdict(odd=f"answer for {answer.request_no}")
    if use.state in ("planned", "registered"):
        return Verdict(odd=f"{answer.state} before it was asked for")
    match answer.state:
        case "consumed":
            return _consumed(use, answer)
        case "kept":
            return _kept(use, answer)
        case "rejected":
            return _rejected(use, answer)
        case "undone":
            return _undone(use, answer)
        case "unknown":
            unknown = use.state == "sent"
            return Verdict(_heard(answer, "unknown", answer.code or UNKNOWN)) if unknown else NOTHING_NEW
        case "absent":
            return _absent(use, answer)


def _heard(
    answer: AnswerVoucher,
    state: Literal["consumed", "rejected", "unknown", "undone", "kept"],
    code: int = 0,
    count: int = 0,
) -> VoucherHeard:
    return VoucherHeard(
        answer.request_no, state, answer.to, code, answer.record_no, answer.paid_fen, answer.platform_fen,
        answer.merchant_fen, answer.raw, answer.undo_until_ms, count,
    )  # fmt: skip


def _redeemed(use: Use, answer: AnswerVoucher) -> VoucherHeard:
    """Redeemed; some of them only when the platform says of fewer than were asked for (3035)."""
    fewer = 0 < answer.consumed < use.count
    return _heard(answer, "consumed", PARTLY if fewer else 0, answer.consumed if fewer else 0)


def _consumed(use: Use, answer: AnswerVoucher) -> Verdict:
    """While it is being undone only the undo's own answer counts, and that one says: not yet. After a refusal, or after it
    was undone, it is a voucher the customer lost for nothing: it goes back."""
    match use.state:
        case "sent" | "unknown":
            return Verdict(_redeemed(use, answer))
        case "rejected":
            return Verdict(_redeemed(use, answer), back=True)
        case "undone" if answer.to == "query":
            return Verdict(_redeemed(use, answer), back=True)
        case "undone":
            return Verdict(odd="redeemed after it was undone")
        case _:
            return NOTHING_NEW


def _kept(use: Use, answer: AnswerVoucher) -> Verdict:
    """The platform has it redeemed and does not give it back. After a refusal, or after it was undone, other money may have
    been taken for it: nobody counts on it, and it is asked back once more, so that it ends on the list."""
    match use.state:
        case "undoing":
            fewer = 0 < answer.consumed < use.count
            return Verdict(_heard(answer, "kept", answer.code or KEPT, answer.consumed if fewer else 0))
        case "sent" | "unknown":
            return Verdict(_redeemed(use, answer))
        case "rejected":
            return Verdict(_redeemed(use, answer), back=True)
        case "undone" if answer.to in ("query", "undo"):  # to the undo: the platform redeemed it after it had said no
            return Verdict(_redeemed(use, answer), back=True)
        case _:
            return NOTHING_NEW


def _rejected(use: Use, answer: AnswerVoucher) -> Verdict:
    """Never redeemed. An older answer says nothing of what is known to be redeemed."""
    known = bool(use.record_no or use.paid_fen)
    match use.state:
        case "sent" | "unknown":
            return Verdict(_heard(answer, "rejected", answer.code or VOID))
        case "undoing" if answer.to == "undo" or not known:
            return Verdict(_heard(answer, "rejected", answer.code or VOID))
        case "consumed" | "kept":
            return Verdict(odd="refused after it was redeemed")
        case _:
            return NOTHING_NEW


def _undone(use: Use, answer: AnswerVoucher) -> Verdict:
    """Given back: as was asked, or by the platform itself."""
    if use.state in ("undone", "rejected"):
        return NOTHING_NEW
    if use.state == "consumed" and answer.to != "query":
        return Verdict(odd="undone, and nobody asked")
    return Verdict(_heard(answer, "undone", answer.code))


def _absent(use: Use, answer: AnswerVoucher) -> Verdict:
    if use.state in ("sent", "unknown"):
        return Verdict(absent=True)
    return Verdict(odd="not known after it was redeemed") if use.state in ("consumed", "kept") else NOTHING_NEW
