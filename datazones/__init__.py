"""The core of Datazones: what a feed, a zone, an observation and a snapshot are, and how one becomes the next.

Nothing in this package knows Prefect or Great Expectations; `docs/adr/` says why.
"""
