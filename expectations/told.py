"""What the files of the suites tell of their rules; read and not imported, which would bring Great Expectations."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SUITES = Path(__file__).parent / "suites"


class Told(NamedTuple):
    """One rule: what it expects, how much that matters, and what to look at when it fails."""

    rule: str
    severity: str
    expected: str
    next_step: str


def told() -> Iterator[Told]:
    """Every rule, in the order of the files and in them."""
    for path in sorted(SUITES.glob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        _, of_all = _said(module)
        for node in module.body:
            if isinstance(node, ast.FunctionDef) and (severity := _severity(node)):
                expected, next_step = _said(node)
                yield Told(f"{path.stem}.{node.name}", severity, expected, next_step or of_all)


def _said(node: ast.Module | ast.FunctionDef) -> tuple[str, str]:
    """The first paragraph of a docstring, and the one that says what is next."""
    paragraphs = [" ".join(each.split()) for each in (ast.get_docstring(node) or "").split("\n\n")]
    following = [each.removeprefix("Next: ") for each in paragraphs if each.startswith("Next: ")]
    return paragraphs[0], "".join(following)


def _severity(node: ast.FunctionDef) -> str | None:
    """The first argument of the decorator `rule`."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", None) == "rule":
            return str(ast.literal_eval(decorator.args[0]))
    return None
