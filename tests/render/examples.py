"""Views like those of the product, in both languages, with plain texts: what the goldens and benchmarks draw."""

from dataclasses import replace

from firmware.view import (
    Big,
    Field,
    Gap,
    Hint,
    Item,
    Items,
    Lang,
    Para,
    Row,
    Rule,
    Say,
    StatusBar,
    Text,
    Tint,
    View,
)

STATUS = StatusBar("14:05", "trusted", "up", 0, "ok", 86, "01 王小明")


def plain(lang: Lang, say: Say) -> str:
    """A `speak` without a catalogue: a `Text` shows its key and arguments."""
    if isinstance(say, Text):
        return say.key + "".join(f" {name}={value}" for name, value in say.args)
    return say


def _view(lang, name, title, body, hints, status=STATUS, tint=Tint.PLAIN):
    return View(name, lang, title, tuple(body), tuple(Hint(key, text) for key, text in hints), status, tint)


def idle(lang: Lang) -> View:
    if lang == "zh":
        body = [
            Gap(12),
            Para("扫条码,或输入金额", large=True, rows=1),
            Gap(12),
            Rule(),
            Gap(4),
            Row("本班销售", "38 笔  ¥1,204.50"),
            Row("挂单", "2 笔", Tint.UNSURE),
            Gap(8),
            Row("打印机正常,纸张充足", tint=Tint.GOOD),
        ]
        return _view(
            lang, "Idle", "可以收款", body, [("MENU", "菜单"), ("F1", "挂单"), ("F2", "查商品"), ("#", "开箱")]
        )
    body = [
        Gap(12),
        Para("Scan, or type an amount", large=True, rows=1),
        Gap(12),
        Rule(),
        Gap(4),
        Row("Sales this shift", "38  ¥1,204.50"),
        Row("Held baskets", "2", Tint.UNSURE),
        Gap(8),
        Row("Printer ready, paper fine", tint=Tint.GOOD),
    ]
    hints = [("MENU", "Menu"), ("F1", "Held"), ("F2", "Find"), ("#", "Drawer")]
    return _view(lang, "Idle", "Ready to sell", body, hints)


def basket(lang: Lang) -> View:
    goods = [
        ("可口可乐 330ml", "3.00"),
        ("农夫山泉 550ml ×2", "4.00"),
        ("散装红富士苹果 0.845kg", "10.98"),
        ("康师傅红烧牛肉面(五连包)", "14.50"),
        ("中南海(点8) 硬盒", "10.00"),
    ]
    english = [
        "Coca-Cola 330 ml",
        "Nongfu Spring 550 ml ×2",
        "Fuji apples, loose 0.845 kg",
        "Master Kong noodles",
        "Zhongnanhai (0.8)",
    ]
    names = [name for name, _ in goods] if lang == "zh" else english
    money = [amount for _, amount in goods]
    items = Items(
        tuple(Item(str(n), name, amount) for n, name, amount in zip(range(1, 6), names, money, strict=True)), 4
    )
    total = Big("应收 6 件", "¥42.48") if lang == "zh" else Big("To pay, 6 items", "¥42.48")
    hints = [("OK", "收款"), ("*", "数量"), ("CLEAR", "删行"), ("F1", "挂单")]
    if lang == "en":
        hints = [("OK", "Pay"), ("*", "Quantity"), ("CLEAR", "Delete"), ("F1", "Hold")]
    return _view(lang, "Basket", "购物车" if lang == "zh" else "Basket", [items, Rule(), total], hints)


def tender(lang: Lang) -> View:
    zh = lang == "zh"
    body = [
        Big("应收" if zh else "To pay", "¥42.48"),
        Rule(),
        Field("实收" if zh else "Received", "50"),
        Gap(4),
        Items(
            (
                Item("1", "正好" if zh else "Exact amount", "42.48"),
                Item("2", "¥50", "50.00"),
                Item("3", "¥100", "100.00"),
            ),
            1,
        ),
    ]
    hints = [("OK", "确认"), ("CANCEL", "返回"), ("CLEAR", "重输")]
    if not zh:
        hints = [("OK", "Confirm"), ("CANCEL", "Back"), ("CLEAR", "Retype")]
    return _view(lang, "CashTender", "现金收款" if zh else "Cash", body, hints)


def result(lang: Lang) -> View:
    zh = lang == "zh"
    body = [
        Big("找零" if zh else "Change", "¥7.52", Tint.GOOD),
        Rule(),
        Row("应收" if zh else "To pay", "¥42.48"),
        Row("实收(现金)" if zh else "Received (cash)", "¥50.00"),
        Row("小票号" if zh else "Receipt", "20261122-0138"),
        Gap(8),
        Row("小票正在打印" if zh else "Receipt is printing", tint=Tint.QUIET),
    ]
    hints = [("OK", "下一单"), ("F1", "补打")] if zh else [("OK", "Next sale"), ("F1", "Reprint")]
    return _view(lang, "Result", "收款成功" if zh else "Paid", body, hints, tint=Tint.GOOD)


def pin(lang: Lang) -> View:
    zh = lang == "zh"
    status = replace(STATUS, operator="", clock="floor", link="connecting")
    body = [
        Gap(8),
        Row("操作员 01" if zh else "Operator 01", strong=True),
        Gap(4),
        Field("密码" if zh else "PIN", "1234", masked=True),
        Gap(8),
        Para("密码错误,还可再试 2 次" if zh else "Wrong PIN, two more tries", Tint.BAD, rows=2),
    ]
    hints = [("OK", "确认"), ("CANCEL", "返回"), ("CLEAR", "重输")]
    if not zh:
        hints = [("OK", "Sign on"), ("CANCEL", "Back"), ("CLEAR", "Retype")]
    return _view(lang, "Pin", "登录" if zh else "Sign on", body, hints, status)


def menu(lang: Lang, selected: int = 3) -> View:
    zh = ["收款", "商品销售", "验券(美团/抖音)", "补打小票", "退货/撤销", "会员", "开票"]
    en = ["Take money", "Sell goods", "Redeem a voucher", "Reprint a receipt", "Refund or void", "Members", "Invoice"]
    names = zh if lang == "zh" else en
    items = Items(tuple(Item(str(n), name) for n, name in enumerate(names, 1)), selected, 1, 2)
    hints = [("OK", "选择"), ("CANCEL", "返回"), ("UP", "上"), ("DOWN", "下")]
    if lang == "en":
        hints = [("OK", "Choose"), ("CANCEL", "Back"), ("UP", ""), ("DOWN", "")]
    return _view(lang, "Menu", "菜单" if lang == "zh" else "Menu", [items], hints)


def refusal(lang: Lang) -> View:
    zh = lang == "zh"
    status = replace(STATUS, link="down", backlog=12, printer="paper_out", battery=14)
    body = [
        Gap(12),
        Para("[2005] 没有权限" if zh else "[2005] Not allowed", Tint.BAD, large=True),
        Gap(4),
        Para(
            "退货需要主管授权。请主管输入工号和密码,或按 CANCEL 返回。"
            if zh
            else "A refund needs a supervisor. Ask one to sign, or press CANCEL to go back.",
            rows=3,
        ),
    ]
    hints = [("OK", "主管授权"), ("CANCEL", "返回")] if zh else [("OK", "Supervisor"), ("CANCEL", "Back")]
    return _view(lang, "Notice", "不能退货" if zh else "No refund", body, hints, status, Tint.BAD)


def unknown(lang: Lang) -> View:
    zh = lang == "zh"
    status = replace(STATUS, clock="hand", link="connecting", backlog=3, printer="paper_low", battery=41)
    body = [
        Big("金额" if zh else "Amount", "¥128.00", Tint.UNSURE),
        Rule(),
        Para(
            "结果未知,正在查询。请勿重复收款,也不要让顾客离开。"
            if zh
            else "The outcome is not known yet. Do not charge again; ask the customer to wait.",
            rows=3,
        ),
        Gap(8),
        Row("已等待" if zh else "Waiting for", "12 s", Tint.QUIET),
    ]
    return _view(
        lang,
        "Wait",
        "等待结果" if zh else "Please wait",
        body,
        [("CANCEL", "撤销" if zh else "Reverse")],
        status,
        Tint.UNSURE,
    )


def orders(lang: Lang) -> View:
    zh = lang == "zh"
    status = replace(STATUS, link="off", printer="cover_open", battery=None, backlog=10_482)
    rows = [
        ("今天 13:58  ¥42.48", "6 件 · 王小明 · 已打印"),
        ("今天 13:51  ¥7.00", "2 件 · 王小明 · 打印未完成"),
        ("今天 13:40  ¥1,288.00", "1 件 · 李店长 · 已退货"),
        ("今天 13:22  ¥15.50", "3 件 · 王小明 · 已打印"),
    ]
    en = [
        ("Today 13:58  ¥42.48", "6 items · Wang · printed"),
        ("Today 13:51  ¥7.00", "2 items · Wang · unfinished"),
        ("Today 13:40  ¥1,288.00", "1 item · Li · refunded"),
        ("Today 13:22  ¥15.50", "3 items · Wang · printed"),
    ]
    shown = [Item(str(n), left, f"{140 - n:06}", note) for n, (left, note) in enumerate(rows if zh else en, 1)]
    hints = (
        [("OK", "补打"), ("CANCEL", "返回"), ("#", "下页")]
        if zh
        else [("OK", "Reprint"), ("CANCEL", "Back"), ("#", "Next page")]
    )
    return _view(
        lang, "Receipts", "选择小票" if zh else "Which receipt", [Items(tuple(shown), 1, 2, 35)], hints, status
    )


def longest(lang: Lang) -> View:
    """The longest names and amounts a terminal may meet, and bytes of a hostile scan."""
    status = replace(STATUS, backlog=9_999, printer="offline", operator="0123456789 欧阳司马诸葛上官")
    body = [
        Items(
            (
                Item("1", "老北京正宗手工现磨五香黑芝麻花生核桃杏仁糊礼盒装", "99,999,999.99"),
                Item("2", "Extraordinarily long product name of an imported good", "¥1.00"),
                Item("3", "坏\x1b[31m名\t字\u202e\n\x00", "-1,000.00"),
            ),
            2,
        ),
        Rule(),
        Row("一个左边很长很长很长很长的名字", "右边也比较长的一个值"),
        Big("应收" if lang == "zh" else "Due", "¥99,999,999.99"),
    ]
    title = "非常非常非常非常非常非常非常长的标题" if lang == "zh" else "A title of the longest kind there can be on it"
    return _view(lang, "Longest", title, body, [("OK", "确认"), ("CANCEL", "返回")], status)


EXAMPLES = (idle, basket, tender, result, pin, menu, refusal, unknown, orders, longest)
