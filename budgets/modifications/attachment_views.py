"""Attachments on a modification's page: adding one, taking one off, and handing it out."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from budgets.errors import InvalidInput
from budgets.models import Attachment, Budget, Modification
from budgets.modifications import attachment_files, attachments
from budgets.modifications.pages import find, show
from budgets.pages import budget_page, perform

# What is opened from here may run nothing, load nothing and reach nothing, whatever is in it.
SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"


def handed_out(attachment: Attachment) -> HttpResponse:
    """This function will answer with a file as a download that no browser shows, guesses at or runs."""
    answer = HttpResponse(attachments.content(attachment), content_type=attachment.kind)
    answer["Content-Disposition"] = content_disposition_header(True, attachment.name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = SANDBOX
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Cache-Control"] = "private, no-store"
    return answer


def read_upload(upload: UploadedFile) -> tuple[str, bytes]:
    """This function will read an uploaded file that is not too large: its name and bytes. Raises InvalidInput."""
    name = upload.name or "file"
    try:
        attachment_files.refuse_large(attachment_files.cleaned(name), upload.size or 0)
    except attachment_files.Refused as refused:
        raise InvalidInput({"file": str(refused)}) from None
    return name, upload.read()


@require_POST
@budget_page
def add(request: HttpRequest, budget: Budget, *, pk: int) -> HttpResponse:
    """This function will keep the files of a form beside a modification, all or none."""
    modification = find(budget, pk)

    def do() -> HttpResponse:
        uploads = request.FILES.getlist("file")
        if not uploads:
            raise InvalidInput({"file": "Choose a file first."})
        with transaction.atomic():
            kept = [_attach(request, modification, upload) for upload in uploads]
        messages.success(request, f"Attached {', '.join(row.name for row in kept)}.")
        return redirect(_home(budget, pk))

    return perform(request, budget, act=do, again=partial(show, request, pk=pk))


def _attach(request: HttpRequest, modification: Modification, upload: UploadedFile) -> Attachment:
    name, data = read_upload(upload)
    return attachments.attach(modification, user=request.user, now=timezone.now(), name=name, data=data)


@require_POST
@budget_page
def remove(request: HttpRequest, budget: Budget, *, pk: int, attachment: int) -> HttpResponse:
    """This function will take a file off a modification."""
    row = _attachment(budget, pk, attachment)

    def do() -> HttpResponse:
        attachments.detach(row, user=request.user, now=timezone.now())
        messages.success(request, f"Took {row.name} off.")
        return redirect(_home(budget, pk))

    return perform(request, budget, act=do, again=partial(show, request, pk=pk))


@require_GET
@budget_page
def download(request: HttpRequest, budget: Budget, *, pk: int, attachment: int) -> HttpResponse:
    """This function will hand out a file to whoever sees the budget."""
    return handed_out(_attachment(budget, pk, attachment))


def _attachment(budget: Budget, pk: int, attachment: int) -> Attachment:
    row = attachments.of_budget(budget).filter(modification=pk, pk=attachment).first()
    if row is None:
        raise Http404("There is no such attachment, or it was taken off.")
    return row


def _home(budget: Budget, pk: int) -> str:
    return reverse("budgets:modification", args=[budget.project_id, pk]) + "#attachments"
