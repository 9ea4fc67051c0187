"""What the gate saw and what came of it, for people: as HTML, as JSON, as Prefect artifacts. Pure: values in, text out.

Whatever a feed says in it is shown as text and never becomes markup, in any of the three (`words`).
"""

from __future__ import annotations

from datazones.reporting.report import Report, places
from datazones.reporting.summary import Summary
from datazones.reporting.writing import as_html, as_json, as_markdown, summarised

__all__ = ["Report", "Summary", "as_html", "as_json", "as_markdown", "places", "summarised"]
