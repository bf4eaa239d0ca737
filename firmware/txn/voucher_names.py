"""What platforms are called at this shop."""

from firmware.txn.command import Context
from firmware.view import Say, text


def platform_name(ctx: Context, platform: str) -> Say:
    """By the shop's table, in the language of the screen; "" is any of them."""
    row = next((each for each in ctx.settings.vouchers.platforms if each.platform == platform), None)
    if row is None:
        return platform or text("voucheract__any")
    return row.name_en if ctx.lang == "en" else row.name
