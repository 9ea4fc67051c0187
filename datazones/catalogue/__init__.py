"""What there is to run: zones, feeds and agencies, one TOML file each, and the strict loader that reads them.

A new zone, feed or agency is one new file; no list of them stands anywhere else. Zones and feeds meet by topic: a feed
names the topics it serves, a zone the topics it wants.
"""

from __future__ import annotations

from datazones.catalogue.entries import Agency, Feed, Zone
from datazones.catalogue.loading import Catalogue, installed, load

__all__ = ["Agency", "Catalogue", "Feed", "Zone", "installed", "load"]
