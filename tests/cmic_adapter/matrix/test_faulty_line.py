"""Between us and CMiC the line fails in every way at every moment of an export, a poll and a reconciliation: after each
of them the books agree."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import ErpDocument, ErpUnavailable, PostingState
from tests.cmic_adapter.faulty_line import FAULTS, MOMENTS, Line
from tests.cmic_adapter.matrix.outbox import Played, Watched
from tests.cmic_adapter.matrix.scenes import SCENES, VARIANTS, Scene
from tests.cmic_adapter.support import PENDING, STARTED, Tenant, company, money
from tests.support.cells import Cells
from tests.support.soak import counts

MATRIX = "line faults"
RELEASE = VARIANTS[0]
HURRIED = 0.35  # seconds until a hurried adapter gives up


@pytest.fixture(scope="module")
def line_there(stand_in: Tenant) -> Iterator[Line]:
    line = Line(base_url=stand_in.base_url)
    yield line
    line.close()


@pytest.fixture
def line(line_there: Line) -> Iterator[Line]:
    """The line, whole before and after each test."""
    line_there.struck = 0
    yield line_there
    line_there.mend()


@pytest.fixture
def hurried(line: Line, make_backend: Callable[..., CmicBackend]) -> CmicBackend:
    """The adapter on the faulty line; it knows the tenant's set-up already."""
    cmic = make_backend(
        base_url=line.base_url, connect_timeout=HURRIED, read_timeout=HURRIED, write_timeout=HURRIED
    )
    cmic.lease_seconds = 60
    return cmic


@pytest.fixture
def patient(line: Line, make_backend: Callable[..., CmicBackend]) -> CmicBackend:
    return make_backend(base_url=line.base_url, read_timeout=20, write_timeout=20)


class Breaking(Watched):
    """A journal that breaks the line as the nth write is about to leave."""

    def __init__(self, look: Callable[[str], None], *, nth: int, then: Callable[[], None]) -> None:
        super().__init__(look)
        self._nth, self._then = nth, then

    def before(self, **told: str) -> None:
        super().before(**told)
        if len(self.steps) == self._nth:
            self._then()


def known(cmic: CmicBackend) -> None:
    """Let the adapter learn the set-up while nothing hurries it."""
    for _ in range(20):
        try:
            assert cmic.check(company()) == []
            return
        except ErpUnavailable:
            continue
    raise AssertionError("the tenant is too slow")


@counts("rounds", short=1, long=20)
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_an_export_over_a_line_that_fails_ends_right(
    tenant: Tenant, line: Line, hurried: CmicBackend, patient: CmicBackend, cells: Cells,
    fault: str, moment: str, rounds: int,
):  # fmt: skip
    first = FAULTS.index(fault) * len(MOMENTS) + MOMENTS.index(moment)
    for turn in range(rounds):
        scene = SCENES[(first + turn) % len(SCENES)]
        played = Played(tenant=tenant, cmic=patient, scene=scene, document=scene.start(tenant, RELEASE))
        known(hurried)
        nth = 1 + (first // len(SCENES) + turn // len(SCENES)) % 2
        diary = Breaking(played.look, nth=nth, then=lambda: line.fail(fault, moment))
        struck = line.struck
        ended = played.attempt(hurried, diary, before_asking=line.mend)
        assert line.struck == struck + 1
        if not ended:
            played.work()
        scene.agree(tenant, patient, played.document)
        cells.ran(f"{MATRIX}, export", row=fault, column=moment)


@counts("rounds", short=1, long=20)
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_poll_over_a_line_that_fails_tells_the_truth_or_nothing(
    tenant: Tenant, line: Line, hurried: CmicBackend, patient: CmicBackend, cells: Cells,
    fault: str, moment: str, rounds: int,
):  # fmt: skip
    document = posted(tenant)
    known(hurried)
    for turn in range(rounds):
        line.fail(fault, moment, skip=(FAULTS.index(fault) + turn) % 3)
        assert_true_or_nothing(hurried, lambda cmic: poll(cmic, document), {PostingState.POSTED})
        line.mend()
        assert poll(patient, document) == {PostingState.POSTED}
        cells.ran(f"{MATRIX}, poll", row=fault, column=moment)
    assert line.struck == rounds


@counts("rounds", short=1, long=20)
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_reconciliation_over_a_line_that_fails_tells_the_truth_or_nothing(
    tenant: Tenant, line: Line, hurried: CmicBackend, patient: CmicBackend, cells: Cells,
    fault: str, moment: str, rounds: int,
):  # fmt: skip
    document = posted(tenant)
    known(hurried)
    truth = reconciled(patient, document)
    assert truth[0] == 3 and truth[1][STARTED, "01-100", "L"] == money(750)
    for turn in range(rounds):
        line.fail(fault, moment, skip=(FAULTS.index(fault) + turn) % 4)
        assert_true_or_nothing(hurried, lambda cmic: reconciled(cmic, document), truth)
        line.mend()
        assert reconciled(patient, document) == truth
        cells.ran(f"{MATRIX}, reconciliation", row=fault, column=moment)
    assert line.struck == rounds


def posted(tenant: Tenant) -> ErpDocument:
    """A transfer that has been posted."""
    whole: Scene = next(scene for scene in SCENES if scene.name == "take back change")
    document = replace(whole.start(tenant, RELEASE), route="pci_transfer")
    tenant.post(document.number)
    return document


def poll(cmic: CmicBackend, document: ErpDocument) -> set[PostingState]:
    return {posting.state for posting in cmic.postings([document])}


def reconciled(cmic: CmicBackend, document: ErpDocument) -> tuple[int, dict]:
    """How many lines are found of a document, and what the jobs' current budgets are."""
    receipt, reading = cmic.find(document), cmic.reading(company(), [STARTED, PENDING])
    current = {(row.key.job, row.key.cost_code, row.key.cost_type): row.current for row in reading.rows}
    return receipt.lines if receipt else 0, current


def assert_true_or_nothing(cmic: CmicBackend, ask: Callable[[CmicBackend], object], truth: object) -> None:
    try:
        assert ask(cmic) == truth
    except ErpUnavailable:
        return
