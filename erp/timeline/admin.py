"""The desk's addresses of a batch's timeline, calls and evidence: the same as the project manager's."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from erp.decision.admin import batch_page
from erp.evidence import views as evidence_views
from erp.models import Batch
from erp.timeline import views as timeline_views


@require_GET
@batch_page
def batch_timeline(request: HttpRequest, batch: Batch) -> HttpResponse:
    """This function will render the timeline of a batch of the queue anew."""
    return timeline_views.again(request, batch, timeline_views.of_the_desk(batch))


@require_GET
@batch_page
def batch_call(request: HttpRequest, batch: Batch, *, call: int) -> HttpResponse:
    """This function will hand out a call of a batch of the queue."""
    return timeline_views.call_file(batch, call)


@require_GET
@batch_page
def batch_evidence(request: HttpRequest, batch: Batch, *, kind: str) -> HttpResponse:
    """This function will hand out the evidence of a batch of the queue."""
    return evidence_views.handed_out(batch, kind=kind, by=request.user)
