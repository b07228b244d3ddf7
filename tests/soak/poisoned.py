"""CMiC, behind an adapter with a bug that one kind of document brings out."""

from typing import ClassVar

from cmic_adapter.backend import CmicBackend
from erp.port import ErpDocument, Journal, Receipt

POISON = "poison"


class PoisonedCmic(CmicBackend):
    """Divides by nothing where a title says poison, until somebody mends it."""

    mended: ClassVar[bool] = False

    def push(self, document: ErpDocument, journal: Journal) -> Receipt:
        """Push, or fail as no adapter should."""
        if POISON in document.title and not self.mended:
            raise ZeroDivisionError("a bug of the adapter")
        return super().push(document, journal)
