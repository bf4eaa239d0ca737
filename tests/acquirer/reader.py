"""An independent reader of both channels' statements, by their rules alone (domain 2.1, 2.2): by header name, never by
position; it shares no code with the writer."""

import io
import re
import zipfile
from decimal import Decimal


def wechat(raw: bytes) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Rows and summary. Fields are split at `,` followed by a back-tick, for names may hold commas."""
    lines = raw.decode("utf-8-sig").splitlines()
    header = lines[0].split(",")
    end = next(number for number, line in enumerate(lines) if line.startswith("总交易单数"))
    rows = [dict(zip(header, _fields(line), strict=True)) for line in lines[1:end]]
    summary = dict(zip(lines[end].split(","), _fields(lines[end + 1]), strict=True))
    assert len(lines) == end + 2
    return rows, summary


def _fields(line: str) -> list[str]:
    assert line.startswith("`")
    return line[1:].split(",`")


def alipay(raw: bytes) -> tuple[list[dict[str, str]], list[dict[str, str]], list[str]]:
    """Detail rows, summary rows, comments of the details."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.testzip() is None
        texts: dict[str, str] = {}
        for info in archive.infolist():
            marked = info.flag_bits & 0x800
            name = info.filename if marked else info.filename.encode("cp437").decode("gbk")
            assert "/" not in name
            texts[name] = archive.read(info).decode("gbk")
    details = next(text for name, text in texts.items() if name.endswith("业务明细.csv"))
    summary = next(text for name, text in texts.items() if name.endswith("业务明细(汇总).csv"))
    comments = [line for line in details.splitlines() if line.startswith("#")]
    return _table(details), _table(summary), comments


def _table(text: str) -> list[dict[str, str]]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    header = [cell.strip() for cell in lines[0].split(",")]
    return [dict(zip(header, (cell.strip() for cell in line.split(",")), strict=True)) for line in lines[1:]]


def total(rows: list[dict[str, str]], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows), Decimal(0))


def comment_sums(comments: list[str], word: str) -> tuple[int, Decimal]:
    """Count and sum of `#交易合计…` or `#退款合计…`."""
    line = next(each for each in comments if each.startswith(f"#{word}合计"))
    match = re.search(r"：(\d+)笔，商家实收(?:退款)?共(-?[\d.]+)元", line)
    assert match, line
    return int(match[1]), Decimal(match[2])
