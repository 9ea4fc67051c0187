"""Points of time as providers write them."""

from __future__ import annotations

from datetime import UTC, datetime

from datazones.dialects._wire import malformed


def moment(published: str, subject: str) -> datetime:
    """A day or a moment in UTC; one without an offset is taken for UTC. ResponseMalformed for what is none."""
    try:
        found = datetime.fromisoformat(published)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise malformed(
            subject, found=f"the moment {published!r:.80}", expected="one such as 2026-02-06T23:00:00+0100"
        ) from error
