"""What the pages of a mapping need of their own: links that keep the filters, and suggestions as forms take them."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from django import template

from erp.mapping.pages import CodesPage

register = template.Library()


@register.simple_tag
def codes_link(page: CodesPage, **changed: object) -> str:
    """This function will link to another shelf, kind or page and keep the rest; it begins at the first page."""
    kept = {"kind": page.kind, "show": page.shelf, "q": page.query, **changed}
    return "?" + urlencode({name: value for name, value in kept.items() if value})


@register.simple_tag
def suggested(code: str, target: str) -> str:
    """This function will write a suggestion as the page's form sends it back."""
    return json.dumps([code, target])
