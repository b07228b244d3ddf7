"""Ways from any page to the ERP Integrations tool."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.urls import reverse

from erp.desk import memberships
from projects.models import ErpLevel

register = template.Library()


@register.simple_tag(takes_context=True)
def queue_link(context: template.Context) -> str:
    """This function will link to the queue for people who may see one; empty for everybody else."""
    if not (context["user"].is_staff and memberships(context["request"])):
        return ""
    return reverse("admin:erp_batch_changelist")


@register.simple_tag(takes_context=True)
def setup_places(context: template.Context) -> list[dict[str, str]]:
    """This function will link to the set-up for ERP admins and to who may do what for everybody of the desk.

    Of several companies it is the one whose page is open, else the first; each page leads to the others.
    """
    held = memberships(context["request"])
    if not held:
        return []
    open_one = getattr(context.get("company"), "pk", None)
    row = next((row for row in held if row.company_id == open_one), held[0])
    admin = next((one for one in [row, *held] if one.erp_level >= ErpLevel.ADMIN), None)
    places = []
    if admin is not None:
        url = reverse("admin:erp_setup", args=[admin.company_id])
        places.append({"nav": "setup", "section": "setup", "words": "Set-up", "url": url})
    url = reverse("admin:erp_access_report", args=[row.company_id])
    return [*places, {"nav": "access", "section": "access", "words": "Who may do what", "url": url}]


@register.simple_tag
def desk_link() -> str:
    """This function will link to the accountant's desk of the stand-in for the ERP; empty where there is none."""
    return str(settings.CMIC_DESK_URL)
