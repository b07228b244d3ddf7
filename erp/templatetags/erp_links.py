"""Ways from any page to the ERP Integrations tool."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.urls import reverse

from erp.admin_access import memberships

register = template.Library()


@register.simple_tag(takes_context=True)
def queue_link(context: template.Context) -> str:
    """This function will link to the queue for people who may see one; empty for everybody else."""
    if not (context["user"].is_staff and memberships(context["request"])):
        return ""
    return reverse("admin:erp_batch_changelist")


@register.simple_tag
def desk_link() -> str:
    """This function will link to the accountant's desk of the stand-in for the ERP; empty where there is none."""
    return str(settings.CMIC_DESK_URL)
