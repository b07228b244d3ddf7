"""The outbox's part, played on the stand-in's virtual clock: push, ask when told so, push again. Nobody is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cmic_adapter.backend import CmicBackend
from cmic_adapter.steps import Step
from erp.port import ErpDocument, ErpUnavailable, ErpUnconfirmed
from tests.cmic_adapter.matrix.scenes import Scene, kind_of
from tests.cmic_adapter.support import Diary, Tenant

TRIES = 6
LINE_STEPS = {Step.LINE, Step.SURPLUS, Step.REMOVE_LINE}


class Watched(Diary):
    """A journal that looks, before each request leaves and after each answer, that nothing half can be posted."""

    def __init__(self, look: Callable[[str], None]) -> None:
        super().__init__()
        self._look = look

    def before(self, **told: str) -> None:
        self._look(told["step"])
        super().before(**told)

    def after(self, **told: Any) -> None:
        super().after(**told)
        self._look("")


@dataclass
class Played:
    """What the outbox did until the document was where it belongs."""

    tenant: Tenant
    cmic: CmicBackend
    scene: Scene
    document: ErpDocument
    pushes: int = 0
    probes: int = 0
    was_whole: bool = False
    steps: list[str] = field(default_factory=list)

    def work(self, *, first: CmicBackend | None = None) -> None:
        """Deliver, or take back, with `first` for the first try. A refusal would need a person and goes through."""
        for _ in range(TRIES):
            if self.attempt(first or self.cmic, Watched(self.look)):
                return
            first = None
        raise AssertionError("it never ended")

    def attempt(
        self, cmic: CmicBackend, diary: Watched, *, before_asking: Callable[[], None] = lambda: None
    ) -> bool:
        """Try once and say whether the document is where it belongs."""
        self.pushes += 1
        try:
            self.scene.do(cmic, self.document, diary)
            return True
        except ErpUnconfirmed:
            self.document = diary.of(self.document)
            before_asking()
            return self.ask()
        except ErpUnavailable as unavailable:
            before_asking()
            self._later(int(unavailable.retry_after or 60))
            return False
        finally:
            self.document = diary.of(self.document)
            self.steps += diary.steps

    def ask(self) -> bool:
        """Probe after an unknown outcome; a withdrawal only waits, for it reads before it writes."""
        times = self.cmic.probe_seconds
        if self.scene.takes_back:
            self._later(int(times[-1]))
            return False
        for now, before in zip(times, (0, *times), strict=False):
            self._later(int(now - before))
            self.probes += 1
            try:
                if self.cmic.find(self.document) is not None:
                    return True
            except ErpUnavailable:
                continue
        return False

    def _later(self, seconds: int) -> None:
        if seconds:
            self.tenant.later(seconds)
            self.look()

    def look(self, step: str = "") -> None:
        """See that an accountant could not post half of it. Some scenes begin so; then it must end and not return.
        While lines are written or deleted, which `step` is about to do, it must not be approved at all."""
        if step and kind_of(step) in LINE_STEPS:
            assert "APPR" not in {pci["status"] for pci in self.tenant.pcis()}, "lines of an approved one"
        half = self.scene.is_half_approved(self.tenant)
        assert not (half and self.was_whole), "an accountant could post half of it"
        self.was_whole = self.was_whole or not half
