"""The desk's addresses of a batch's timeline and calls: the same as the project manager's, found in the queue."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from erp import timeline_views
from erp.admin_views import batch_page
from erp.models import Batch


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
