"""What every case of the contract starts from. Only tests import this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from erp.port import ErpDocument, Receipt
from erp.testing.tenant import HIDE_HALVES, Diary, ErpTenant, Shape, in_order


class Case:
    """A fresh tenant for each try, and what a whole document looks like."""

    def tenant(self) -> ErpTenant:
        """A fresh tenant; nothing of the one before is left in it."""
        raise NotImplementedError("a backend's test hands in its tenant")

    def each(self, *needs: str) -> Iterator[tuple[ErpTenant, Shape]]:
        """A fresh tenant for every shape to which all of this can happen; the other shapes have said why not."""
        for shape in self.tenant().shapes():
            if not set(needs) & set(shape.cannot):
                yield self.tenant(), shape

    @staticmethod
    def deliver(tenant: ErpTenant, document: ErpDocument) -> ErpDocument:
        """Push a document, and return it as erp/ knows it afterwards."""
        diary = Diary()
        receipt = tenant.backend().push(document, diary)
        known = diary.of(document)
        return replace(
            known, route=receipt.route or known.route, erp_number=receipt.erp_number or known.erp_number
        )

    @staticmethod
    def is_whole(tenant: ErpTenant, document: ErpDocument) -> Receipt:
        """The document stands in the ERP once and to the cent, nothing else does, and it is found."""
        assert in_order(tenant.entries()) == in_order(tenant.expected(document))
        receipt = tenant.backend().find(document)
        assert receipt is not None, "a complete document is found"
        assert receipt.number == document.number
        return receipt

    def finish(self, tenant: ErpTenant, shape: Shape, interrupted: Diary) -> None:
        """What an interrupted push left is no posting, and the next push makes exactly one whole document of it.

        What arrived before the interruption is not written again.
        """
        known = interrupted.of(shape.document)
        tenant.pass_time()
        found = tenant.backend().find(known)
        if found is None and HIDE_HALVES not in shape.cannot:
            assert not tenant.may_be_posted(known), "an accountant could post half a document"
        diary = Diary()
        receipt = tenant.backend().push(known, diary)
        assert found in (None, receipt)
        assert self.is_whole(tenant, diary.of(known)) == receipt
        repeated = {told["step"] for told in diary.told_before} & {
            told["step"] for told in interrupted.told_before
        }
        assert not repeated, f"written twice: {sorted(repeated)}"
