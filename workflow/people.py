"""How a person is called, everywhere."""

from __future__ import annotations

from typing import Any

TIEBACK = "Tieback"  # who acts where nobody did


def name_of(person: Any) -> str:
    """This function will name a user: the full name, or the username where there is none; Tieback for None."""
    return str(person.get_full_name() or person.get_username()) if person else TIEBACK
