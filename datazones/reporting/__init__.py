"""What the gate saw, for people: one report as HTML, as JSON and as a Prefect artifact. Pure: values in, text out.

Whatever a feed says in it is shown as text and never becomes markup, in any of the three (`words`).
"""

from __future__ import annotations

from datazones.reporting.report import Report, places
from datazones.reporting.writing import as_html, as_json, as_markdown

__all__ = ["Report", "as_html", "as_json", "as_markdown", "places"]
