"""Handing out the evidence pack of a batch, to read or to check, to whoever may see the batch. Writes nothing."""

from __future__ import annotations

import re
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from budgets.models import Budget
from budgets.pages import budget_page
from erp.evidence.pack import gather
from erp.evidence.pdf import pdf
from erp.evidence.seal import written
from erp.models import Batch
from erp.timeline.views import batch_of

KINDS = {"json": "application/json", "pdf": "application/pdf"}


def handed_out(batch: Batch, *, kind: str, by: Any) -> HttpResponse:
    """This function will make the evidence pack of a batch as it is now and answer with it."""
    if kind not in KINDS:
        raise Http404("An evidence pack is a PDF or JSON.")
    content = gather(batch, now=timezone.now(), by=by)
    file = pdf(content) if kind == "pdf" else written(content)[0]
    answer = HttpResponse(file, content_type=KINDS[kind])
    project = re.sub(r"[^\w-]+", "-", batch.budget.project.name).strip("-")
    name = f"evidence-{project}-batch-{batch.number}.{kind}"
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_GET
@budget_page
def batch_evidence(request: HttpRequest, budget: Budget, *, number: int, kind: str) -> HttpResponse:
    """This function will hand out the evidence of a budget's batch."""
    return handed_out(batch_of(budget, number), kind=kind, by=request.user)
