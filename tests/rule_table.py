"""The table of rules in docs/gate.md.

python -m tests.rule_table      write it
"""

from __future__ import annotations

from pathlib import Path

from expectations.told import told

DOCS = Path(__file__).parents[1] / "docs" / "gate.md"
BEGIN, END = "<!-- rules: python -m tests.rule_table -->", "<!-- end of rules -->"


def table() -> str:
    rows = [f"| `{each.rule}` | {each.severity} | {each.expected} | {each.next_step} |" for each in told()]
    return "\n".join(["| rule | severity | what must hold | when it does not |", "|---|---|---|---|", *rows])


def written() -> str:
    """docs/gate.md with the table of today."""
    before, _, rest = DOCS.read_text().partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    DOCS.write_text(written())
