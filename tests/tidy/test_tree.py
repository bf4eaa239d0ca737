"""House rules that a machine can watch: no addresses, no paths of a machine, no chance in the business, short functions."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("texts", "rules", "wire", "paper", "firmware", "emulator", "fleet", "simulation", "demo", "benchmarks")
FUNCTION_LINES_MAX = 60
FUNCTION_LINES_MEDIAN_MAX = 10


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def functions() -> list[tuple[str, int]]:
    found = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    lines = (node.end_lineno or node.lineno) - node.lineno + 1
                    found.append((f"{path.relative_to(ROOT)}:{node.name}", lines))
    return found


def test_no_function_is_longer_than_a_screen() -> None:
    assert [where for where, lines in functions() if lines > FUNCTION_LINES_MAX] == []


def test_functions_are_short_at_the_median() -> None:
    lengths = sorted(lines for _, lines in functions())
    assert lengths[len(lengths) // 2] <= FUNCTION_LINES_MEDIAN_MAX


def test_no_address_of_a_registry_and_no_path_of_a_machine_is_committed() -> None:
    forbidden = re.compile(
        r"pypi\.org|pythonhosted|npmjs|deb\.debian\.org|--index-url|/" + r"root/|/" + r"work/|/home/[a-z]+/"
    )
    wrong = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        wrong += [f"{path.relative_to(ROOT)}: {match[0]}" for match in forbidden.finditer(text)]
    assert [each for each in wrong if not each.startswith("tests/tidy/")] == []


def texts_of(tree: ast.AST) -> list[str]:
    """Every string of a file; an f-string is one text with its holes left out."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(str(part.value) for part in node.values if isinstance(part, ast.Constant)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            found.append(node.value)
    return found


ONE_ROW = re.compile(r"WHERE [^()]*=|LIMIT 1\b|^SELECT 1|\b(count|sum|min|max)\(|FROM kept_basket$", re.IGNORECASE)


def test_sql_of_the_business_is_deterministic() -> None:
    """No chance, no clock; and every SELECT of several rows says in which order (decisions 16)."""
    wrong = []
    for path in sorted((ROOT / "firmware/txn").glob("*.py")):
        for sql in texts_of(ast.parse(path.read_text(encoding="utf-8"))):
            if re.search(r"random\(\)|'now'|CURRENT_TIME", sql, re.IGNORECASE):
                wrong.append(f"{path.name}: {sql}")
            if re.match(r"SELECT .* FROM \w", sql) and not ONE_ROW.search(sql) and "ORDER BY" not in sql:
                wrong.append(f"{path.name}: {sql}")
    assert wrong == []


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "CHANGELOG.md", "LICENSE", "CONTRIBUTING.md"])
def test_a_newcomer_finds_the_usual_documents(name: str) -> None:
    assert (ROOT / name).stat().st_size > 200


def test_the_lock_file_pins_every_direct_dependency_with_a_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    names = set(re.findall(r'^  "([A-Za-z0-9._-]+)[><=]', project, re.MULTILINE))
    names |= set(re.findall(r'"([A-Za-z0-9._-]+)>=', project))
    pinned = {
        name.lower().replace("_", "-").replace(".", "-") for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)
    }
    assert {name.lower().replace("_", "-").replace(".", "-") for name in names} - pinned == set()
    blocks = re.split(r"\n(?=\S)", lock)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block.split("\n")[0])


def test_every_dependency_has_its_reason() -> None:
    reasons = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8").lower()
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    names = {name.lower() for name in re.findall(r'"([A-Za-z0-9._-]+)>=', project)}
    assert {name for name in names if name not in reasons} == set()
