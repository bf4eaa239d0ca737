"""Bounds of answers about vouchers: what is beyond them is unreadable (decisions 15). Types and patterns are msgspec's."""

from wire.vouchers import (
    AnswerDeals,
    AnswerVoucher,
    AnswerVoucherLook,
    AnswerVoucherPrepare,
    Coupon,
    Used,
    VoucherAnswer,
)

CODE_MAX = 9_999
NAME_CHARS_MAX, TITLE_CHARS_MAX, DETAIL_CHARS_MAX = 64, 80, 200
COUPONS_MAX, USES_MAX, DEALS_MAX, RAW_MAX, PAGES_MAX = 100, 20, 100, 64, 1_000
COUNT_MAX = 10_000
AMOUNT_MAX = 2**53
COUNTER_MAX = 999_999


def within_bounds(answer: VoucherAnswer) -> bool:
    """Whether every value is one a backend of ours may have sent."""
    match answer:
        case AnswerVoucherPrepare():
            return (
                0 <= answer.code <= CODE_MAX
                and len(answer.coupons) <= COUPONS_MAX
                and all(_coupon(each) for each in answer.coupons)
                and (answer.used is None or _used(answer.used))
                and _shown(answer.detail, DETAIL_CHARS_MAX)
                and _shown(answer.about, NAME_CHARS_MAX)
            )
        case AnswerVoucher():
            return (
                0 <= answer.code <= CODE_MAX
                and _shown(answer.record_no, NAME_CHARS_MAX)
                and 0 <= answer.consumed <= COUNT_MAX
                and len(answer.raw) <= RAW_MAX
                and all(_shown(name, NAME_CHARS_MAX) and abs(fen) <= AMOUNT_MAX for name, fen in answer.raw.items())
                and (answer.used is None or _used(answer.used))
                and _shown(answer.detail, DETAIL_CHARS_MAX)
            )
        case AnswerVoucherLook():
            return 0 <= answer.code <= CODE_MAX and len(answer.uses) <= USES_MAX and all(map(_used, answer.uses))
        case AnswerDeals():
            return (
                _shown(answer.rev, NAME_CHARS_MAX)
                and 0 <= answer.page < max(1, answer.pages) <= PAGES_MAX
                and len(answer.deals) <= DEALS_MAX
                and all(_shown(deal.title, TITLE_CHARS_MAX) for deal in answer.deals)
                and all(0 <= each.code <= CODE_MAX and _shown(each.software_min, 20) for each in answer.platforms)
            )


def _coupon(coupon: Coupon) -> bool:
    return (
        _shown(coupon.title, TITLE_CHARS_MAX)
        and _shown(coupon.deal_id, NAME_CHARS_MAX)
        and _shown(coupon.last4, 4)
        and 1 <= coupon.count <= COUNT_MAX
        and 1 <= coupon.min_count <= COUNT_MAX
        and 0 <= coupon.percent <= 100
    )


def _used(used: Used) -> bool:
    numbers = (used.batch, used.trace)
    return _shown(used.terminal, NAME_CHARS_MAX) and all(0 <= each <= COUNTER_MAX for each in numbers)


def _shown(text: str, most: int) -> bool:
    return len(text) <= most and text.isprintable()
