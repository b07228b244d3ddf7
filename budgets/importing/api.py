"""Import and export over HTTP: the same readers, plan and files as the pages."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.api import BudgetView, read
from budgets.errors import InvalidInput
from budgets.files import export_files, export_rows, spreadsheets
from budgets.files.export_views import file_of
from budgets.files.workbooks import LARGEST_FILE
from budgets.importing import loading as imports
from budgets.importing import preview as import_preview
from budgets.importing.plan import Codes, plan
from workflow.actions import ensure
from workflow.api import INVALID, REFUSED, MoneyField

UNCLEAR = "Numbers such as 12,500 may mean two things in this file. Say what separates the decimals: . or ,"


class FileSerializer(serializers.Serializer[Any]):
    """A file of lines, and what to do with it. Columns are found by their names, in any order."""

    file = serializers.FileField(help_text="XLSX, XLS or CSV; at most 20 MB and 20,000 rows")
    load = serializers.BooleanField(
        required=False, default=False, help_text="false: only say what it would change"
    )
    good_rows = serializers.BooleanField(
        required=False,
        default=False,
        help_text="load the rows without errors; else any error refuses the whole file",
    )
    remove = serializers.BooleanField(
        required=False,
        default=False,
        help_text="remove lines that the file does not have and that may be deleted; refused while a row with an "
        "error does not say which line it means",
    )
    decimals = serializers.ChoiceField(
        choices=[".", ","],
        required=False,
        help_text="of numbers written as text; left out: as the cells tell. Needed to load where they may mean either",
    )
    version = serializers.IntegerField(
        required=False, help_text="of the budget you looked at; another one by now is refused"
    )


class RowErrorSerializer(serializers.Serializer[Any]):
    """One cell that cannot be taken."""

    row = serializers.IntegerField()
    column = serializers.CharField()
    value = serializers.CharField()
    message = serializers.CharField()
    suggestion = serializers.CharField()


class UnknownSerializer(serializers.Serializer[Any]):
    """A code the company does not have; it is kept as text."""

    field = serializers.CharField()
    code = serializers.CharField()
    rows = serializers.ListField(child=serializers.IntegerField())
    suggestion = serializers.CharField()


class ImportedSerializer(serializers.Serializer[Any]):
    """What a file changes, or has changed where `loaded`. `missing` lines are in the budget and not in the file."""

    loaded = serializers.BooleanField()
    version = serializers.IntegerField(help_text="of the budget this was held against")
    new = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    missing = serializers.IntegerField()
    removed = serializers.IntegerField()
    nothing_goes = serializers.CharField(
        help_text="why `remove` is refused for this file; empty where it is not"
    )
    before = MoneyField(max_digits=25, help_text="original amount of the budget before")
    after = MoneyField(max_digits=25, help_text="and after, with nothing removed")
    certain = serializers.BooleanField(
        help_text="false: numbers such as 12,500 may mean two things here; say `decimals`"
    )
    ignored_columns = serializers.ListField(child=serializers.CharField())
    errors = RowErrorSerializer(many=True)  # type: ignore[assignment]
    unknown = UnknownSerializer(many=True)


@extend_schema(tags=["import and export"])
class ImportFile(BudgetView):
    """A file of lines into a draft."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        request={"multipart/form-data": FileSerializer},
        responses={200: ImportedSerializer, 400: INVALID, 409: REFUSED},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Say what a file would change, or load it."""
        budget, given = self.budget(), read(FileSerializer, request).validated_data
        ensure(budget, "import_file", request.user)
        try:
            content = given["file"].read(LARGEST_FILE + 1)
            known = Codes(budget.project).by_field()
            sheet = spreadsheets.read(data=content, decimals=given.get("decimals", ""), known=known)
        except spreadsheets.Unreadable as problem:
            raise InvalidInput({"file": str(problem)}) from None
        made = plan(budget, sheet)
        shown = import_preview.make(budget, sheet, made, user=request.user)
        removed = 0
        if given["load"]:
            if not sheet.certain:
                raise InvalidInput({"decimals": UNCLEAR})
            if shown["bad"] and not given["good_rows"]:
                raise imports.BadRows([*sheet.errors, *made.errors])
            result = imports.import_rows(
                budget,
                user=request.user,
                now=timezone.now(),
                sheet=sheet,
                source=given["file"].name,
                good_rows=given["good_rows"],
                remove=given["remove"],
                version=given.get("version", budget.version),
            )
            removed = result.removed
        told = {**shown["counts"], "loaded": given["load"], "version": budget.version, "removed": removed}
        told |= {"nothing_goes": shown["nothing_goes"], "certain": sheet.certain}
        told |= {"before": shown["sums"]["before"], "after": shown["sums"]["after"]}
        told |= {"errors": shown["groups"]["errors"], "unknown": shown["groups"]["unknown"]}
        return Response(ImportedSerializer(told | {"ignored_columns": shown["ignored"]}).data)


class ExportedLineSerializer(serializers.Serializer[Any]):
    """A line as files hold it; empty numbers are null."""

    job = serializers.CharField()
    cost_code = serializers.CharField()
    cost_type = serializers.CharField()
    description = serializers.CharField()
    quantity = serializers.CharField(allow_null=True)
    unit = serializers.CharField()
    unit_cost = serializers.CharField(allow_null=True)
    amount = MoneyField()
    modifications = MoneyField()
    revised = MoneyField()
    sent = MoneyField(allow_null=True)
    in_erp = MoneyField(allow_null=True)


class ExportedSerializer(serializers.Serializer[Any]):
    """A budget with all its lines at once."""

    project = serializers.IntegerField()
    name = serializers.CharField()
    currency = serializers.CharField()
    version = serializers.IntegerField()
    lines = ExportedLineSerializer(many=True)


@extend_schema(tags=["import and export"])
class ExportJson(BudgetView):
    """All lines of a budget in one answer."""

    @extend_schema(responses=ExportedSerializer)
    def get(self, request: Request, project_id: int) -> HttpResponse:
        """Read a budget with all its lines, not in pages."""
        exported = export_rows.export(self.budget(), now=timezone.now())
        return HttpResponse(export_files.json_text(exported), content_type="application/json")


WORKBOOK, TEXT = ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv")


@extend_schema(tags=["import and export"])
class ExportXlsx(BudgetView):
    """A budget as a workbook that an import takes."""

    @extend_schema(responses={(200, WORKBOOK): OpenApiResponse(OpenApiTypes.BINARY, "The workbook.")})
    def get(self, request: Request, project_id: int) -> FileResponse:
        """Download a budget as XLSX."""
        return file_of(self.budget(), kind="xlsx")


@extend_schema(tags=["import and export"])
class ExportCsv(BudgetView):
    """A budget as a text file that an import takes."""

    @extend_schema(responses={(200, TEXT): OpenApiResponse(OpenApiTypes.STR, "The file.")})
    def get(self, request: Request, project_id: int) -> FileResponse:
        """Download a budget as CSV."""
        return file_of(self.budget(), kind="csv")
