"""A line as its form holds it, kept as it was typed, for the services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from budgets import money

__all__ = ["money", "stored_line", "typed_line"]

LINE_FIELDS = ("job", "cost_code", "cost_type", "description", "quantity", "unit", "unit_cost", "amount")
LABELS = {
    "job": "Job",
    "cost_code": "Cost code",
    "cost_type": "Cost type",
    "description": "Description",
    "quantity": "Quantity",
    "unit": "Unit",
    "unit_cost": "Unit cost",
    "amount": "Original amount",
}


def typed_line(post: QueryDict) -> dict[str, Any]:
    """This function will take a line's values out of a form, as the services want them."""
    values: dict[str, Any] = {field: post[field] for field in LINE_FIELDS if field in post}
    return {**values, "automatic": "automatic" in post}


def stored_line(line: Any) -> dict[str, Any]:
    """This function will take the values of a line, or of a row of its history, as a form shows them."""
    return {
        "job": line.job.code,
        "cost_code": line.cost_code.code if line.cost_code else line.cost_code_text,
        "cost_type": line.cost_type.code if line.cost_type else line.cost_type_text,
        "description": line.description,
        "quantity": line.quantity,
        "unit": line.unit.code if line.unit else line.unit_text,
        "unit_cost": line.unit_cost,
        "amount": line.amount,
        "automatic": line.automatic,
    }


def differences(stored: Mapping[str, Any], typed: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """This function will list the typed fields that are stored otherwise: (label, stored now, typed)."""
    return [
        (label, stored[field], typed[field])
        for field, label in LABELS.items()
        if field in typed and not same(stored[field], typed[field])
    ]


def same(stored: Any, typed: Any) -> bool:
    """This function will tell whether a typed value says what is stored already."""
    if stored is None or not isinstance(typed, str) or isinstance(stored, str):
        return (stored or "") == (typed or "")
    try:
        return bool(money.quantity(typed) == stored)
    except money.NotExact:
        return False
