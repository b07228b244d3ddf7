"""Addresses of the grid, for its templates: each is the look of the page with one thing changed."""

from __future__ import annotations

from urllib.parse import urlencode

from django import template

from budgets.grid.groups import Group
from budgets.grid.look import JOB, TYPE, Look

register = template.Library()


@register.simple_tag
def opening(look: Look, key: str, start: int = 0) -> str:
    """This function will make the query of the page with one more group open."""
    return look.opening(key, start=start)


@register.simple_tag
def toggling(look: Look, group: Group) -> str:
    """This function will make the query of the page with a group closed that is open, or opened."""
    return look.closing(group.key) if group.open else look.opening(group.key)


@register.simple_tag
def rows_query(look: Look, group: Group) -> str:
    """This function will make the query that fetches the rows of a group."""
    job, code = group.place
    place = {"type" if look.by == TYPE else "division": code, **({"job": job} if look.by == JOB else {})}
    asked = look.query(expand="", opened=(), closed=(), start=0)
    return urlencode(place) + (f"&{asked}" if asked else "")
