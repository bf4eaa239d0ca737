"""Hand-made jobs: bytes written out by hand, so that no encoder of ours has a part in them."""


def gb(text: str) -> bytes:
    return text.encode("gb18030")


def qr(data: bytes, module: int = 6, level: bytes = b"1") -> bytes:
    size = len(data) + 3
    return (
        b"\x1d(k\x04\x001A2\x00"
        + b"\x1d(k\x03\x001C" + bytes((module,))
        + b"\x1d(k\x03\x001E" + level
        + b"\x1d(k" + bytes((size & 255, size >> 8)) + b"1P0" + data
        + b"\x1d(k\x03\x001Q0"
    )  # fmt: skip


FENCE = b"\x1d(H\x06\x0000\x00\x00\x00\x01"

SALE_58 = (
    b"\x1b@\x1c&\x1ba\x01\x1d!\x01" + gb("好邻居便利店(人民路店)\n") + b"\x1d!\x00" + gb("销售小票\n") + b"\x1ba\x00"
    + gb(
        "--------------------------------\n"
        "单号:000123-000045     收银员:01\n"
        "日期:2026-11-22         15:30:12\n"
        "终端:00010023        班次:000123\n"
        "--------------------------------\n"
        "品名          数量   单价   金额\n"
        "--------------------------------\n"
        "可口可乐500ml\n"
        "                 2   3.50   7.00\n"
        "红富士苹果   0.735  12.80   9.41\n"
        "特仑苏纯牛奶250ml*12\n"
        "                 1  65.00  65.00\n"
        "  会员优惠                 -6.50\n"
        "--------------------------------\n"
        "件数:4  合计:              81.41\n"
        "优惠:                      -6.50\n"
        "抹零:                      -0.01\n"
    )
    + b"\x1bE\x01\x1d!\x11" + gb("应收:      54.90\n") + b"\x1d!\x00\x1bE\x00"
    + gb(
        "现金:                     100.00\n"
        "找零:                      45.10\n"
        "--------------------------------\n"
        "会员:138****5678        积分:+54\n"
    )
    + b"\x1ba\x01" + qr(b"https://inv.example.cn/i/7Yq2mK9x") + b"\n"
    + gb("请于30日内扫码开具发票\n谢谢惠顾 欢迎再次光临\n")
    + b"\x1ba\x00" + gb("**补打 第1次 2026-11-22 16:02**\n") + b"\x1bd\x04" + FENCE
)  # fmt: skip

STYLES_58 = (
    b"\x1b@\x1bE\x01" + gb("粗体 Bold\n") + b"\x1bE\x00\x1b-\x02" + gb("下划线 Underline\n") + b"\x1b-\x00\x1dB\x01"
    + gb(" 反白 Invert \n") + b"\x1dB\x00\x1d!\x10" + gb("倍宽 Wide\n") + b"\x1d!\x01" + gb("倍高 High\n")
    + b"\x1d!\x22" + gb("三倍 3x\n") + b"\x1d!\x00\x1b!\x31" + gb("ESC ! 只放大西文\n") + b"\x1b!\x00\x1bM\x01"
    + b"Font B: 0123456789 abcdefghijklmnop %$#@ 42col\n" + b"\x1bM\x00\x1ba\x02" + gb("右对齐 right\n") + b"\x1ba\x00"
    + gb("·×…—“引号”①℃°￥12.80€\nǎǐǒǔǘǚǜˊˋ℉ⅤⅩ\n") + gb("GB18030: 𬍛 ¥ ² µ ½ ™\n")
    + b"\x1b\x20\x04" + gb("间距 spacing\n")
    + b"\x1b\x20\x00\x1b3\x18" + gb("行距24\n紧挨着\n") + b"\x1b2" + gb("半个字:") + b"\xd6\n"
    + b"A\tB\tC\tD\n\x1c.\x1bt\x10caf\xe9 \x80 cp1252\n\x1c&" + b"\n"
    + b"\x1ba\x01\x1dh\x50\x1dw\x02\x1dH\x02\x1dk\x43\x0d6901234567892\n\x1dk\x49\x0d{B000123-0045" + b"\n"
    + b"\x1dv0\x00\x06\x00\x18\x00" + bytes.fromhex("ffffffffffff" + "800000000001" * 22 + "ffffffffffff")
    + b"\n\x1b*\x21\x18\x00" + bytes.fromhex("ff00ff" * 12 + "00ff00" * 12) + b"\x1bd\x03" + FENCE
)  # fmt: skip

SALE_80 = (
    b"\x1b@\x1c&\x1ba\x01\x1d!\x11" + gb("好邻居便利店\n") + b"\x1d!\x00" + gb("销售小票\n") + b"\x1ba\x00"
    + b"-" * 48 + b"\n" + gb("单号:000123-000045                     收银员:01\n")
    + gb("品名                     数量     单价      金额\n") + b"-" * 48 + b"\n"
    + gb("特仑苏纯牛奶250ml*12        1    65.00     65.00\n")
    + gb("红富士苹果              0.735    12.80      9.41\n")
    + b"-" * 48 + b"\n" + gb("应收:                                      74.41\n")
    + b"\x1ba\x01" + qr(b"https://inv.example.cn/i/7Yq2mK9x") + b"\x1bd\x02\x1dV\x42\x03" + FENCE
)  # fmt: skip
