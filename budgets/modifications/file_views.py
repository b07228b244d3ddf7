"""Many modifications out of a file: choose it, look at what it would write, confirm."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from budgets.errors import InvalidInput
from budgets.files import downloads
from budgets.files.workbook_guards import Unreadable
from budgets.files.workbooks import LARGEST_FILE, MEGABYTE
from budgets.models import Budget, ModificationFile
from budgets.modifications.attachment_files import cleaned
from budgets.modifications.files import HEADER, FileOfMany, read
from budgets.modifications.many import write_many
from budgets.modifications.outcomes import tell
from budgets.modifications.twins import looking_alike
from budgets.pages import budget_page, perform
from workflow import actions

KEPT = timedelta(days=1)
MOST_SHOWN = 200  # modifications and errors on the page; all are counted


@require_http_methods(["GET", "POST"])
@budget_page
def choose(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will ask for the file, or keep it and go on to what it would write."""
    if request.method == "GET":
        return _show(request, budget)

    def do() -> HttpResponse:
        actions.ensure(budget, "modify", request.user)
        upload = request.FILES.get("file")
        if upload is None:
            raise InvalidInput({"file": "Choose a file first."})
        if (upload.size or 0) > LARGEST_FILE:
            raise InvalidInput({"file": f"The file is larger than {LARGEST_FILE // MEGABYTE} MB. Split it."})
        data, now = upload.read(), timezone.now()
        _read(budget, data)
        ModificationFile.objects.filter(at__lt=now - KEPT).delete()
        kept = ModificationFile.objects.create(
            budget=budget, user_id=_person(request), name=cleaned(upload.name or "file"), data=data, at=now
        )
        return redirect("budgets:modification_file", budget.project_id, kept.pk)

    return perform(request, budget, act=do, again=partial(_show, request))


def _person(request: HttpRequest) -> int:
    return request.user.pk or 0  # a page of a budget is only for people who are logged in


def _show(request: HttpRequest, budget: Budget, *, status: int = 200, **problem: Any) -> HttpResponse:
    context = {
        "budget": budget,
        "header": HEADER,
        "blocked": actions.blockers(budget, "modify", request.user),
        **problem,
    }
    return render(request, "budgets/modification_file.html", context, status=status)


def _read(budget: Budget, data: bytes) -> FileOfMany:
    try:
        return read(budget, data=data)
    except Unreadable as problem:
        raise InvalidInput({"file": str(problem)}) from None


@require_http_methods(["GET", "POST"])
@budget_page
def preview(request: HttpRequest, budget: Budget, *, file: uuid.UUID) -> HttpResponse:
    """This function will show what a file would write, or write it: all as drafts, or none."""
    kept = ModificationFile.objects.filter(pk=file, budget=budget, user_id=_person(request)).first()
    if kept is None and request.method == "GET":
        raise Http404("This file was loaded already, or thrown away after a day. Choose it again.")
    again = partial(_show_preview, request, kept=kept) if kept else partial(_show, request)
    if request.method == "GET":
        return again(budget)

    def do() -> HttpResponse:
        if kept is None:
            raise InvalidInput({"file": "This file was loaded already. Choose it again to load it again."})
        found = _read(budget, bytes(kept.data))
        if found.errors:
            raise InvalidInput({"file": "Nothing was written. Put the rows below right in the file first."})
        outcomes = write_many(
            budget,
            user=request.user,
            now=timezone.now(),
            many=found.written(),
            source=kept.name,
            effective="effective" in request.POST,
            anyway="anyway" in request.POST,
        )
        kept.delete()
        messages.success(request, f"Wrote {len(outcomes):,} draft modifications from {kept.name}.")
        if "effective" in request.POST:
            tell(request, outcomes)
        return redirect("budgets:modifications", budget.project_id)

    return perform(request, budget, act=do, again=again)


def _show_preview(
    request: HttpRequest, budget: Budget, *, kept: ModificationFile, status: int = 200, **problem: Any
) -> HttpResponse:
    found = _read(budget, bytes(kept.data))
    if not found.errors:
        for one, twin in zip(found.modifications, looking_alike(budget, found.written()), strict=True):
            one.like = twin
    must_balance = not budget.project.company.allow_total_change
    context = {
        "budget": budget,
        "file": kept,
        "found": found,
        "shown": found.modifications[:MOST_SHOWN],
        "errors_shown": found.errors[:MOST_SHOWN],
        "must_balance": must_balance,
        "uneven": sum(1 for one in found.modifications if one.net),
        "alike": sum(1 for one in found.modifications if one.like),
        "moved": sum(one.moved for one in found.modifications),
        "net": sum(one.net for one in found.modifications),
        "new_lines": sorted({name for one in found.modifications for name in one.new_lines}),
        "blocked": actions.blockers(budget, "modify", request.user),
        **problem,
    }
    return render(request, "budgets/modification_preview.html", context, status=status)


@require_GET
@budget_page
def example(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will hand out a file to fill in, with a transfer between two lines of this budget as example."""
    today = timezone.localdate().isoformat()
    lines = budget.lines.select_related("job", "cost_code", "cost_type")[:2]
    rows: list[Sequence[downloads.Cell]] = [
        ["1", "What it is for", today, "Why", line.job.code, line.code, line.type, amount]
        for line, amount in zip(lines, (Decimal("-500.00"), Decimal("500.00")), strict=False)
    ]
    return downloads.table("csv", name="modifications-example", header=HEADER, rows=rows)
