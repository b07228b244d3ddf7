"""The contract of reads and of the set-up."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from erp.port import CheckState, JobStatus
from erp.testing.case import Case
from erp.testing.tenant import TRICKY, CannotDo


class Reads(Case):
    """Rows are plain, codes are kept, what is missing is said."""

    def test_reads_yield_plain_rows_with_codes_to_the_character(self) -> None:
        tenant = self.tenant()
        erp, company = tenant.backend(), tenant.company
        reads: dict[str, list[Any]] = {
            "companies": list(erp.companies()),
            "jobs": list(erp.jobs(company)),
            "cost codes": list(erp.cost_codes(company)),
            "cost types": list(erp.cost_types(company)),
            "units": list(erp.units(company)),
            "assigned cost codes": list(erp.assigned_cost_codes(company, [])),
        }
        for name, rows in reads.items():
            for row in rows:
                assert is_dataclass(row), name
                values = {each.name: getattr(row, each.name) for each in fields(row)}
                changed_at = values.pop("changed_at", None)
                assert changed_at is None or changed_at.tzinfo is not None
                assert all(type(value) in (str, bool, JobStatus) for value in values.values()), (name, row)
        codes = [row.code for row in reads["cost codes"]]
        assert set(TRICKY) <= set(codes) and len(set(codes)) == len(codes)
        assert company.code in [row.code for row in reads["companies"]]
        assert tenant.job in [row.code for row in reads["jobs"]]
        assert {key.cost_type for key in tenant.keys} <= {row.code for row in reads["cost types"]}

    def test_a_read_of_what_changed_since_long_ago_leaves_nothing_out(self) -> None:
        tenant = self.tenant()
        erp, company, long_ago = tenant.backend(), tenant.company, datetime(2000, 1, 1, tzinfo=UTC)
        for read in (erp.jobs, erp.cost_codes, erp.cost_types):
            assert list(read(company, changed_since=long_ago)) == list(read(company))
        assigned = erp.assigned_cost_codes(company, [], changed_since=long_ago)
        assert list(assigned) == list(erp.assigned_cost_codes(company, []))

    def test_a_reading_holds_exact_amounts_and_leaves_out_jobs_it_cannot_see(self) -> None:
        tenant = self.tenant()
        reading = tenant.backend().reading(tenant.company, [tenant.job, "nowhere"])
        assert set(reading.statuses) == {tenant.job}
        assert isinstance(reading.statuses[tenant.job], JobStatus)
        assert reading.company == tenant.company.code
        assert reading.read_at.tzinfo is not None
        assert reading.rows, "the tenant's job has a budget"
        for row in reading.rows:
            assert isinstance(row.original, Decimal) and isinstance(row.current, Decimal)
            assert row.key.job == tenant.job
        assert tenant.backend().reading(tenant.company, [tenant.job]).rows == reading.rows

    def test_costs_to_date_are_exact_sums_by_budget_code_or_not_told_at_all(self) -> None:
        tenant = self.tenant()
        erp, company, key = tenant.backend(), tenant.company, tenant.keys[0]
        before = {costs.job: costs for costs in erp.costs(company, [tenant.job, "nowhere"])}
        try:
            for amount in ("0.10", "0.10", "0.10", "-0.05"):
                tenant.spend(key, Decimal(amount))
        except CannotDo:
            assert before == {}, "an ERP that books no cost tells none"
            return
        assert set(before) == {tenant.job}
        [costs] = erp.costs(company, [tenant.job])
        assert costs.rows is not None
        amounts = {row.key: row.amount for row in costs.rows}
        assert len(amounts) == len(costs.rows) and {each.job for each in amounts} == {tenant.job}
        was = {row.key: row.amount for row in before[tenant.job].rows or ()}
        assert amounts[key] - was.get(key, Decimal(0)) == Decimal("0.25")
        assert all(type(amount) is Decimal for amount in amounts.values())

    def test_costs_that_changed_since_long_ago_are_told_whole(self) -> None:
        tenant = self.tenant()
        erp, company = tenant.backend(), tenant.company
        long_ago = datetime(2000, 1, 1, tzinfo=UTC)
        try:
            tenant.spend(tenant.keys[0], Decimal("7.00"))
        except CannotDo:
            assert list(erp.costs(company, [tenant.job], changed_since=long_ago)) == []
            return
        since = list(erp.costs(company, [tenant.job], changed_since=long_ago))
        assert since == list(erp.costs(company, [tenant.job])) and since[0].rows

    def test_check_says_what_is_missing_in_sentences_and_nothing_when_all_is_well(self) -> None:
        tenant = self.tenant()
        assert tenant.backend().check(tenant.company) == []
        [said, *_] = tenant.backend().check(replace(tenant.company, code="ZZ9"))
        assert "ZZ9" in said and said.endswith(".")

    def test_a_report_writes_nothing_and_misses_exactly_what_the_check_misses(self) -> None:
        tenant = self.tenant()
        for company in (tenant.company, replace(tenant.company, code="ZZ9")):
            items = tenant.backend().report(company)
            assert items and all(item.area and item.sentence.endswith(".") for item in items)
            missing = {item.sentence for item in items if item.state is CheckState.MISSING}
            assert missing == set(tenant.backend().check(company))
        assert tenant.writes() == 0

    def test_being_turned_away_is_something_that_the_report_misses(self) -> None:
        tenant = self.tenant()
        items = tenant.misconfigured().report(tenant.company)
        assert CheckState.MISSING in {item.state for item in items}

    def test_a_recording_is_named_texts(self) -> None:
        for name, text in self.tenant().backend().record().items():
            assert name and "/" not in name and isinstance(text, str)
