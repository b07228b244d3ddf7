"""The contract that every backend must pass: subclass `ErpContract` in its tests and hand in a fresh tenant.

    class TestLedger(ErpContract):
        def tenant(self) -> ErpTenant:
            return LedgerTenant(...)

Every case runs for every shape of document the backend writes. Nothing is skipped: what an ERP has no way of doing is
declared on the shape with a reason, and its hook must prove it by raising CannotDo. See docs/adding-an-erp.md.
"""

from __future__ import annotations

from datetime import date

from erp.port import DocumentKind, ErpBackend
from erp.testing.outcomes import Outcomes
from erp.testing.push import Pushing
from erp.testing.reads import Reads
from erp.testing.tenant import ABILITIES, DEEDS, CannotDo, ErpTenant, Shape, failure

__all__ = ["CannotDo", "ErpContract", "ErpTenant", "Shape"]


class ErpContract(Pushing, Outcomes, Reads):
    """Every promise of the port, one test each."""

    def test_what_cannot_happen_is_declared_with_its_reason(self) -> None:
        for shape in self.tenant().shapes():
            for ability, reason in shape.cannot.items():
                assert ability in ABILITIES, f"{shape.name}: {ability} is none of {ABILITIES}"
                assert len(reason.split()) > 4 and reason.endswith("."), (
                    f"{shape.name}: say why, in a sentence"
                )
                if ability in DEEDS:
                    tenant = self.tenant()
                    known = self.deliver(tenant, shape.document)
                    failure(CannotDo, lambda a=ability, t=tenant, k=known: DEEDS[a](t, k))  # type: ignore[misc]

    def test_the_backend_names_itself_and_its_limits(self) -> None:
        erp: ErpBackend = self.tenant().backend()
        assert erp.name and erp.limits.job and erp.limits.cost_code and erp.limits.cost_type
        assert list(erp.probe_seconds) == sorted(set(erp.probe_seconds)) and erp.probe_seconds
        assert erp.lease_seconds > 0 and erp.requests_per_second > 0

    def test_the_kinds_of_documents_are_both_written(self) -> None:
        kinds = {shape.document.kind for shape in self.tenant().shapes()}
        assert kinds == set(DocumentKind), "one shape at least is an original budget"
        assert all(isinstance(shape.document.date, date) for shape in self.tenant().shapes())
