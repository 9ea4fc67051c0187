"""The table of rules in docs/gate.md, made from the files of the suites, which need not be imported for it.

python -m tests.rule_table      write it into docs/gate.md
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs" / "gate.md"
BEGIN, END = "<!-- rules: python -m tests.rule_table -->", "<!-- end of rules -->"


class Told(NamedTuple):
    """One rule as its file tells it."""

    rule_id: str
    severity: str
    expected: str
    next_step: str


def told() -> Iterator[Told]:
    """Every rule, in the order of the files and in them."""
    for path in sorted((ROOT / "expectations" / "suites").glob("*.py")):
        module = ast.parse(path.read_text())
        _, of_all = _said(module)
        for node in module.body:
            if isinstance(node, ast.FunctionDef) and node.decorator_list:
                expected, next_step = _said(node)
                yield Told(f"{path.stem}.{node.name}", _severity(node), expected, next_step or of_all)


def _said(node: ast.Module | ast.FunctionDef) -> tuple[str, str]:
    """The first paragraph of a docstring, and the one that says what is next."""
    paragraphs = [" ".join(each.split()) for each in (ast.get_docstring(node) or "").split("\n\n")]
    following = [each.removeprefix("Next: ") for each in paragraphs if each.startswith("Next: ")]
    return paragraphs[0], "".join(following)


def _severity(node: ast.FunctionDef) -> str:
    decorator = node.decorator_list[0]
    assert isinstance(decorator, ast.Call)
    return str(ast.literal_eval(decorator.args[0]))


def table() -> str:
    rows = [f"| `{each.rule_id}` | {each.severity} | {each.expected} | {each.next_step} |" for each in told()]
    return "\n".join(["| rule | severity | what must hold | when it does not |", "|---|---|---|---|", *rows])


def written() -> str:
    """docs/gate.md with the table of today."""
    before, _, rest = DOCS.read_text().partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    DOCS.write_text(written())
