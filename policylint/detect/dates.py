"""Days, as policies and suppressions write them."""

from __future__ import annotations


def is_date(text: str) -> bool:
    """Whether a text is a day, as in 2027-03-31."""
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
