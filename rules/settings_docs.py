"""The reference pages and the commented example, generated from the settings model and the error table.

`python -m rules.settings_docs FOLDER` writes `settings.md`, `settings.example.toml`, `settings.schema.json`
and `errors.md` into the folder.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from rules.errors import PRECEDENCE, ErrorCode, errors
from rules.help import builtin, group_of
from rules.rights import GRANTS, Right, Role
from rules.settings import who_may
from rules.settings_model import Settings
from texts import LANGS, Lang, t

ROOM = "rules"
GROUPS = (
    ("网络与同步", "Network and sync"),
    ("登录与权限", "Sign-on and rights"),
    ("券", "Vouchers"),
    ("打印机", "Printer"),
    ("收款", "Payment"),
    ("商品、库存、订单", "Goods, stock, orders"),
    ("发票", "Invoices"),
    ("钱箱、现金、班次、对账、会员", "Drawer, cash, shift, reconciliation, members"),
    ("系统与设备", "System and devices"),
)
"""Names of the error groups 1 to 9 (domain 4)."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, ready to be written about."""

    section: str  # "" for the tables beside the sections
    name: str
    kind: Any
    default: Any

    @property
    def path(self) -> str:
        """As in a document: cash.rounding."""
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def key(self) -> str:
        """Of its texts."""
        return self.path.replace(".", "_")

    def title(self, lang: Lang) -> str:
        """Name of the setting as a person reads it."""
        return t(ROOM, lang, f"settings__{self.key}")

    def help(self, lang: Lang) -> str:
        """One sentence more about it."""
        return t(ROOM, lang, f"settings_help__{self.key}")


def all_settings() -> Iterator[Setting]:
    """Every setting, the revision first, then section by section, then the tables."""
    tables: list[Setting] = []
    for name, kind in get_type_hints(Settings, include_extras=True).items():
        default = getattr(Settings(), name)
        if not isinstance(default, msgspec.Struct):
            tables.append(Setting("", name, kind, default))
            continue
        for field, inner in get_type_hints(kind, include_extras=True).items():
            yield Setting(name, field, inner, getattr(default, field))
    yield from tables


def bounds(kind: Any) -> str:
    """Type and bounds in one short phrase: `50 … 200`, `none | fen | jiao`, `text, at most 24`."""
    inner, meta = _unwrap(kind)
    if get_origin(inner) is Literal:
        return " | ".join(str(choice) for choice in get_args(inner))
    if get_origin(inner) is tuple:
        return f"{_counted(meta)} × {bounds(get_args(inner)[0])}".strip(" ×")
    if get_origin(inner) is dict:
        return f"table of {bounds(get_args(inner)[1])}"
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        fields = get_type_hints(inner, include_extras=True).items()
        return "{" + "; ".join(f"{name}: {bounds(sub)}" for name, sub in fields) + "}"
    if inner is bool:
        return "true | false"
    if inner is int:
        return f"{meta.ge} … {meta.le}"
    return f"text {meta.pattern or ''} {_counted(meta)}".replace("  ", " ").strip()


def settings_page() -> str:
    """`docs/settings.md`."""
    lines = _head("settings")
    section = None
    for setting in all_settings():
        if setting.section != section:
            section = setting.section
            name = section or "general"
            lines += ["", f"## {t(ROOM, 'zh', f'section__{name}')} · {t(ROOM, 'en', f'section__{name}')}", ""]
            lines += ["| setting | 中文 | English | values | default | who |", "|---|---|---|---|---|---|"]
        cells = [f"`{setting.path}`", *(f"**{setting.title(lang)}** {setting.help(lang)}" for lang in LANGS)]
        cells += [f"`{_cell(bounds(setting.kind))}`", _cell(_default(setting)), ", ".join(who_may(setting.path))]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, *_rights_table(), ""])


def example_toml() -> str:
    """`docs/settings.example.toml`: every setting at its default, explained above; reads back to the defaults."""
    lines = [
        "# 终端配置示例：只写与默认值不同的项即可。",
        "# Example settings: only what differs from the defaults is needed.",
    ]
    settings = list(all_settings())
    simple = [one for one in settings if not one.section and isinstance(one.default, int)]
    tables = [one for one in settings if not one.section and not isinstance(one.default, int)]
    for setting in simple:
        lines += ["", *_comment(setting), f"{setting.name} = {toml_value(setting.default)}"]
    section = ""
    for setting in settings:
        if setting.section and setting.section != section:
            section = setting.section
            lines += ["", f"[{section}]"]
        if setting.section:
            lines += [*_comment(setting), f"{setting.name} = {toml_value(setting.default)}"]
    for setting in tables:
        lines += ["", *_comment(setting), *_rows(setting)]
    return "\n".join([*lines, ""])


def errors_page() -> str:
    """`docs/errors.md`: the table by group, then for every code its help in both languages, under an anchor `#CODE`."""
    lines = [*_head("errors"), "", f"Precedence of refusals: {', '.join(PRECEDENCE)}; then the lower code."]
    for group, names in enumerate(GROUPS, 1):
        rows = [row for code, row in errors().items() if group_of(code) == group]
        lines += ["", f"## {group} {names[0]} · {names[1]}", ""]
        lines += ["| code | key | 中文 | 收银员怎么做 | English | what to do | retry | level | report | concern |"]
        lines += ["|---|---|---|---|---|---|---|---|---|---|"]
        for row in rows:
            cells = [f"[{row.code}](#{row.code})", f"`{row.key}`", row.zh, row.action_zh, row.en, row.action_en]
            lines.append("| " + " | ".join([*cells, row.retry, row.level, row.report, row.concern]) + " |")
        for row in rows:
            lines += ["", *_help(row)]
    return "\n".join([*lines, ""])


def _help(row: ErrorCode) -> Iterator[str]:
    """One code: cause, steps, whom to call."""
    yield f'### <a id="{row.code}"></a>{row.code} {row.zh} · {row.en}'
    for lang in LANGS:
        known = builtin(row.code, lang)
        steps = " ".join(f"{number}. {step}" for number, step in enumerate(known.steps, 1))
        who = " → ".join(t(ROOM, lang, f"contact__{each}") for each in known.call)
        yield ""
        yield f"**{row.title(lang)}** {known.cause}  "
        yield f"{steps}  "
        yield f"{t(ROOM, lang, 'contact__title')}{who}"


def pages() -> dict[str, str]:
    """File name in `docs/` -> its text."""
    return {
        "settings.md": settings_page(),
        "settings.example.toml": example_toml(),
        "errors.md": errors_page(),
    }


def toml_value(value: Any) -> str:
    """A plain value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, msgspec.Struct):
        value = msgspec.to_builtins(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_value(inner)}" for key, inner in value.items()) + " }"
    return "[" + ", ".join(toml_value(inner) for inner in value) + "]"


def _rows(setting: Setting) -> list[str]:
    """A table of settings: one block per row, or an empty table with an example in a comment."""
    if isinstance(setting.default, dict):
        return [f"[{setting.name}]", '# cashier = { drawer_no_sale = "supervisor" }']
    rows: list[str] = []
    for row in setting.default:
        rows += [f"[[{setting.name}]]", *(f"{key} = {toml_value(value)}" for key, value in _fields(row))]
    return rows


def _fields(row: msgspec.Struct) -> list[tuple[str, Any]]:
    return [(name, getattr(row, name)) for name in row.__struct_fields__]


def _comment(setting: Setting) -> list[str]:
    return [
        f"# {setting.title('zh')}：{setting.help('zh')}",
        f"# {setting.title('en')}: {setting.help('en')}",
        f"#   {bounds(setting.kind)}",
    ]


def _head(page: str) -> list[str]:
    title = " · ".join(t(ROOM, lang, f"docs__{page}_title") for lang in LANGS)
    return [f"# {title}", "", *(t(ROOM, lang, f"docs__{page}_intro") for lang in LANGS)]


def _rights_table() -> list[str]:
    """Who may do what, out of the box."""
    roles = list(Role)
    names = [" · ".join(t(ROOM, lang, f"role__{role}") for lang in LANGS) for role in roles]
    lines = ["", "## 权限 · Rights", "", f"| right | {' | '.join(names)} |", "|---" * (len(roles) + 1) + "|"]
    for right in Right:
        what = " · ".join(t(ROOM, lang, f"right__{right}") for lang in LANGS)
        grants = [GRANTS[role].get(right, "no") for role in roles]
        lines.append(f"| `{right}` {what} | {' | '.join('–' if grant == 'no' else grant for grant in grants)} |")
    return lines


def _default(setting: Setting) -> str:
    if isinstance(setting.default, tuple) and any(isinstance(row, msgspec.Struct) for row in setting.default):
        return f"{len(setting.default)} rows, see `settings.example.toml`"
    return f"`{toml_value(setting.default)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _counted(meta: msgspec.Meta) -> str:
    low, high = meta.min_length or 0, meta.max_length
    if high is None:
        return ""
    return f"{low} … {high}"


def _unwrap(kind: Any) -> tuple[Any, msgspec.Meta]:
    """The type under its `Annotated` bounds, and these bounds (or none)."""
    metas = [meta for meta in getattr(kind, "__metadata__", ()) if isinstance(meta, msgspec.Meta)]
    return (get_args(kind)[0] if metas else kind), (metas[0] if metas else msgspec.Meta())


if __name__ == "__main__":
    import json
    import sys
    from pathlib import Path

    from rules.settings_schema import settings_schema

    schema = json.dumps(settings_schema(), ensure_ascii=False, indent=1) + "\n"
    for name, text in {**pages(), "settings.schema.json": schema}.items():
        Path(sys.argv[1], name).write_text(text, encoding="utf-8")
