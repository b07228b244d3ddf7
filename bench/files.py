"""Files: importing a workbook against the reader and COPY alone, exporting against the bare writers."""

from __future__ import annotations

import io
import json
import resource
import time
from collections.abc import Callable
from decimal import Decimal
from statistics import median
from typing import Any

import xlsxwriter
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils import timezone
from python_calamine import CalamineWorkbook

from bench.figures import Figure, load
from budgets import services
from budgets.files import export_files, export_rows, spreadsheets
from budgets.importing import loading as imports
from budgets.importing.plan import plan
from budgets.models import Budget, BudgetLine
from projects.models import BudgetLevel, Company, CostCode, CostType, Job, Project, ProjectRole, Unit

TYPES = "LMESO"
RUNS = 7
LINES = 10_000
COPIED = (
    *(
        "budget_id",
        "job_id",
        "cost_code_id",
        "cost_code_text",
        "cost_type_id",
        "cost_type_text",
        "description",
    ),
    *("quantity", "unit_id", "unit_text", "unit_cost", "automatic", "amount", "version", "was_posted"),
    *("in_batch", "changed_by_id", "changed_at"),
)


def measure() -> list[Figure]:
    """This function will measure P3, P10, P11 and the memory of 20,000 rows."""
    budget, dana = _begin()
    figures = [_import(budget, dana), _export_xlsx(budget), _export_json(budget)]
    return [*figures, _memory(budget)]


def _begin() -> tuple[Budget, Any]:
    company = Company.objects.create(code="900", name="Bench")
    project = Project.objects.create(company=company, name="Bench")
    Job.objects.create(company=company, project=project, code="27-0001")
    dana = get_user_model().objects.create(username="bench-dana")
    ProjectRole.objects.create(user=dana, project=project, level=BudgetLevel.ADMIN)
    root = CostCode.objects.create(company=company, code="20", division="20")
    CostCode.objects.bulk_create(
        CostCode(company=company, code=f"20-{place:04d}", division="20", parent=root)
        for place in range(LINES // 5)
    )
    CostType.objects.bulk_create(CostType(company=company, code=letter, name=letter) for letter in TYPES)
    Unit.objects.create(company=company, code="CY")
    return services.budget_for(project), dana


def workbook(rows: int) -> bytes:
    """This function will write a workbook of that many lines with eight columns."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"constant_memory": True})
    sheet = book.add_worksheet()
    names = ("job", "cost_code", "cost_type", "description", "quantity", "unit", "unit_cost", "amount")
    sheet.write_row(0, 0, names)
    for place in range(rows):
        cents = place * 7919 % 9_999_999
        texts = ("27-0001", f"20-{place // 5:04d}", TYPES[place % 5], f"Line {place}")
        sheet.write_row(place + 1, 0, (*texts, place % 97 + 0.5, "CY", 3.25, cents / 100))
    book.close()
    return made.getvalue()


def interleaved(limit: Callable[[], Any], ours: Callable[[], Any]) -> tuple[float, float]:
    """This function will time both alternately; returns the median of our seconds and of the paired ratios."""
    pairs = []
    for run in range(RUNS):
        took = {}
        for step in (limit, ours) if run % 2 else (ours, limit):
            began = time.perf_counter()
            step()
            took[step] = time.perf_counter() - began
        pairs.append((took[ours], took[ours] / took[limit]))
    return median(seconds for seconds, _ in pairs), median(ratio for _, ratio in pairs)


def _figure(key: str, what: str, took: tuple[float, float], must: float, stretch: float) -> Figure:
    seconds, ratio = took
    said = f"{seconds * 1000:.0f} ms = {ratio:.2f}x"
    return Figure(key, what, said, f"must {must}x, stretch {stretch}x", ratio <= must, {"load": load()})


# -- P3 ---------------------------------------------------------------------------------------------------


def _import(budget: Budget, dana: Any) -> Figure:
    data = workbook(LINES)
    sums: dict[str, Decimal] = {}
    row = _copied_rows(budget, dana, data)

    def ours() -> None:
        _emptied(budget)
        began = time.perf_counter()
        sheet = spreadsheets.read(data=data)
        imports.import_rows(budget, user=dana, now=timezone.now(), sheet=sheet)
        times["ours"] = time.perf_counter() - began
        sums["ours"] = _sum(budget)

    def limit() -> None:
        _emptied(budget)
        began = time.perf_counter()
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            book.get_sheet_by_index(0).to_python()
        with transaction.atomic(), connection.cursor() as cursor:
            with cursor.copy(f"COPY {BudgetLine._meta.db_table} ({', '.join(COPIED)}) FROM STDIN") as copy:
                for line in row:
                    copy.write_row(line)
        times["limit"] = time.perf_counter() - began
        sums["limit"] = _sum(budget)

    times: dict[str, float] = {}
    pairs = []
    for run in range(RUNS):
        for step in (limit, ours) if run % 2 else (ours, limit):
            step()
        pairs.append((times["ours"], times["ours"] / times["limit"]))
        if sums["ours"] != sums["limit"]:
            raise RuntimeError(f"the limit did not do the same work: {sums}")
    took = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    return _figure("P3", f"import XLSX of {LINES:,} lines; limit: calamine and COPY", took, 2.2, 1.6)


def _copied_rows(budget: Budget, dana: Any, data: bytes) -> list[tuple[Any, ...]]:
    now = timezone.now()
    empty = imports.EMPTY | {"budget_id": budget.pk, "changed_by_id": dana.pk, "changed_at": now}
    made = plan(budget, spreadsheets.read(data=data))
    lines = [empty | {"job_id": entry.key[0]} | entry.values for entry in made.new]
    return [tuple(line[name] for name in COPIED) for line in lines]


def _emptied(budget: Budget) -> None:
    budget.lines.all()._raw_delete("default")
    budget.refresh_from_db()


def _sum(budget: Budget) -> Decimal:
    return sum(budget.lines.values_list("amount", flat=True), Decimal(0))


# -- P10, P11 ---------------------------------------------------------------------------------------------


def _export_xlsx(budget: Budget) -> Figure:
    now = timezone.now()
    lines = export_rows.export(budget, now=now).lines

    def limit() -> None:
        """A plain loop: eight columns, money formats, constant memory."""
        book = xlsxwriter.Workbook(io.BytesIO(), {"constant_memory": True})
        sheet, money = book.add_worksheet(), book.add_format({"num_format": "#,##0.00"})
        for number, line in enumerate(lines):
            for place in range(6):
                sheet.write_string(number, place, line[place] or "")
            sheet.write_number(number, 6, float(line.unit_cost or 0), money)
            sheet.write_number(number, 7, float(line.amount), money)
        book.close()

    took = interleaved(limit, lambda: export_files.xlsx(export_rows.export(budget, now=now)))
    what = f"export XLSX, {len(lines):,} lines x {len(export_rows.COLUMNS)} columns; limit: xlsxwriter alone, 8 columns"
    return _figure("P10", what, took, 1.3, 0.3)


def _export_json(budget: Budget) -> Figure:
    sql = (
        "SELECT j.code, coalesce(c.code, l.cost_code_text), coalesce(t.code, l.cost_type_text), l.description,"
        " l.quantity::text, coalesce(u.code, l.unit_text), l.unit_cost::text, l.amount::text"
        " FROM budgets_budgetline l JOIN projects_job j ON j.id = l.job_id"
        " LEFT JOIN projects_costcode c ON c.id = l.cost_code_id"
        " LEFT JOIN projects_costtype t ON t.id = l.cost_type_id LEFT JOIN projects_unit u ON u.id = l.unit_id"
        " WHERE l.budget_id = %s ORDER BY c.code, j.code, t.position, l.id"
    )
    keys = ("job", "cost_code", "cost_type", "description", "quantity", "unit", "unit_cost", "amount")

    def limit() -> str:
        with connection.cursor() as cursor:
            cursor.execute(sql, [budget.pk])
            return json.dumps([dict(zip(keys, row, strict=True)) for row in cursor.fetchall()])

    def ours() -> str:
        return export_files.json_text(export_rows.export(budget, now=timezone.now()))

    theirs, told = json.loads(limit()), json.loads(ours())["lines"]
    if theirs != [{key: line[key] for key in keys} for line in told]:
        raise RuntimeError("the limit and the export do not say the same")
    return _figure(
        "P11", f"export JSON, {len(told):,} lines; limit: one query", interleaved(limit, ours), 2.5, 1.8
    )


# -- P21 --------------------------------------------------------------------------------------------------


def _memory(budget: Budget) -> Figure:
    data = workbook(20_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    plan(budget, spreadsheets.read(data=data))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return Figure(
        "P21", "memory for the preview of 20,000 rows", f"{grown:.0f} MB", "<= 200 MB", grown <= 200
    )
