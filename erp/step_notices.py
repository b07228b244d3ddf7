"""The mail to those who can take the next step of a batch, at once when it becomes theirs."""

from __future__ import annotations

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from erp import routes
from erp.approvers import able_to_accept
from erp.models import Batch, Notice
from erp.words import person


def tell_step_is_due(batch: Batch) -> None:
    """This function will mail everybody who can take the step of a batch that is due now, each step once."""
    step, project = routes.due(batch), batch.budget.project
    if step is None:
        return
    link = settings.BASE_URL + reverse("admin:erp_batch_change", args=[batch.pk])
    for reader in able_to_accept(batch):
        told = {
            "batch": batch,
            "project": project,
            "step": step,
            "route": routes.shown(batch),
            "link": link,
            "reader": person(reader),
        }
        Notice.objects.get_or_create(
            key=f"step:{step.pk}:{reader.pk}",
            defaults={
                "company": project.company,
                "to": reader,
                "kind": "step",
                "subject": " ".join(f"Yours to decide, {step.name}: {project}".split())[:200],
                "text": render_to_string("mail/step_due.txt", told),
            },
        )
