"""All wishes by name, and how often each is asked for."""

from collections.abc import Callable

from simulation import wish_money, wish_prices, wish_round, wish_shift, wish_voucher, wishes
from simulation.clerk import Clerk, Job

PLANS: dict[str, Callable[[Clerk], Job]] = {
    "cash": wishes.cash,
    "sign_off": wishes.sign_off,
    "code": wish_money.code,
    "split": wish_money.split,
    "card": wish_money.card,
    "abandon": wish_money.abandon,
    "tidy_orders": wish_money.tidy_orders,
    "regret": wish_money.regret,
    "give_back": wish_money.give_back,
    "open_refunds": wish_money.open_refunds,
    "cheaper": wish_prices.cheaper,
    "hold": wish_prices.hold,
    "recall": wish_prices.recall,
    "look_up": wish_round.look_up,
    "find_slip": wish_round.find_slip,
    "slip_at_idle": wish_round.slip_at_idle,
    "amount_and_code": wish_round.amount_and_code,
    "archive": wish_round.archive,
    "drawer_log": wish_round.drawer_log,
    "people": wish_round.people,
    "code_on_basket": wish_round.code_on_basket,
    "settle_again": wish_round.settle_again,
    "papers": wish_round.papers,
    "voucher": wish_voucher.voucher,
    "voucher_regret": wish_voucher.voucher_regret,
    "voucher_and_card": wish_voucher.voucher_and_card,
    "voucher_twice": wish_voucher.voucher_twice,
    "voucher_nonsense": wish_voucher.voucher_nonsense,
    "voucher_list": wish_voucher.pending,
    "voucher_look": wish_voucher.voucher_look,
    "basket_changed": wish_voucher.basket_changed,
    "voucher_mended": wish_voucher.mended,
    "cash_in": wish_shift.cash_in,
    "cash_out": wish_shift.cash_out,
    "no_sale": wish_shift.no_sale,
    "figures": wish_shift.figures,
    "copy": wish_shift.copy,
    "close": wish_shift.close,
    "evening": wish_shift.evening,
}

WISHES: tuple[str, ...] = (
    *("cash",) * 20, *("code",) * 14, *("split",) * 5, *("card",) * 4, "abandon", *("tidy_orders",) * 2, "open_refunds",
    *("give_back",) * 6, *("regret",) * 2, *("cheaper",) * 6, *("hold",) * 3, *("recall",) * 3,
    *("voucher",) * 12, *("voucher_regret",) * 2, *("voucher_twice",) * 2, "voucher_and_card", "voucher_nonsense",
    "voucher_list", "voucher_look", *("basket_changed",) * 2, *("voucher_mended",) * 4,
    "cash_in", "cash_out", "no_sale", "figures", *("copy",) * 3, "close", "sign_off",
    "look_up", "find_slip", "slip_at_idle", "amount_and_code", "archive", "drawer_log", "people", "code_on_basket",
    "settle_again", "papers",
)  # fmt: skip
"""How often each is asked for."""
