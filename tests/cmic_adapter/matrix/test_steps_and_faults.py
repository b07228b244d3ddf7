"""Every write of a push and of a withdrawal, cut in every way, on both routes and for releases old and new: in the end
one document, each line once, nothing half approved at any moment, and nobody was asked.

The writes are found by a dry run of each scene. `make test` runs every write with every fault once, each time with
another variant of CMiC; `make soak` runs them with all.
"""

import pytest

from cmic_adapter.steps import Step
from tests.cmic_adapter.matrix.conftest import Adapter, Steps
from tests.cmic_adapter.matrix.outbox import Played
from tests.cmic_adapter.matrix.scenes import SCENES, VARIANTS, Scene, Variant, kind_of
from tests.cmic_adapter.support import Tenant
from tests.support.cells import Cells
from tests.support.soak import counts

MATRIX = "steps x faults"
WRITES = ["POST", "PATCH", "DELETE"]
LATE = "late_commit"
FAULTS: dict[str, dict] = {
    "reset before": {"fault": "reset_before"},
    "hang before": {"fault": "hang_before"},
    "503 before": {"fault": "503_html"},
    "429 before": {"fault": "429"},
    "log-in page": {"fault": "login_html_200"},
    "hang after commit": {"fault": "hang_after_commit"},
    "reset after commit": {"fault": "reset_after_commit"},
    "500 after commit": {"fault": "error500_after_commit"},
    "cut after commit": {"fault": "truncate_after_commit"},
    "bad JSON after commit": {"fault": "bad_json"},
    "commit 5 s late": {"fault": LATE, "seconds": 5, "then": "reset"},
    "commit 45 s late": {"fault": LATE, "seconds": 45, "then": "500"},
    "commit 59 s late": {"fault": LATE, "seconds": 59, "then": "hang"},
}
SAYS_NOTHING = {"hang before", "hang after commit", "commit 59 s late"}
FEW = len(FAULTS)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_step_there_is_happens_in_a_scene_and_no_other(steps_of: Steps, variant: Variant):
    met = {kind_of(step) for scene in SCENES for step in steps_of(scene, variant)}
    assert met == set(Step)


@counts("variants", short=1, long=len(VARIANTS))
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_whatever_happens_to_any_write_it_ends_right_and_without_a_person(
    tenant: Tenant,
    adapter: Adapter,
    steps_of: Steps,
    cells: Cells,
    scene: Scene,
    fault: str,
    variants: int,
):
    first = SCENES.index(scene) * FEW + list(FAULTS).index(fault)
    writes = len(steps_of(scene, VARIANTS[0]))
    cells.of(MATRIX, writes * len(VARIANTS))
    for nth in range(writes):
        for turn in range(variants):
            variant = VARIANTS[(first + 5 * nth + turn) % len(VARIANTS)]
            steps = steps_of(scene, variant)
            assert len(steps) == writes
            run_cell(tenant, adapter, scene=scene, variant=variant, fault=fault, nth=nth + 1)
            cells.ran(MATRIX, row=fault, column=kind_of(steps[nth]).value)


def run_cell(
    tenant: Tenant,
    adapter: Adapter,
    *,
    scene: Scene,
    variant: Variant,
    fault: str,
    nth: int,
) -> None:
    cmic = adapter(variant, False)
    played = Played(tenant=tenant, cmic=cmic, scene=scene, document=scene.start(tenant, variant))
    tenant.fault(**FAULTS[fault], match={"method": WRITES, "nth": nth})
    try:
        played.work(first=adapter(variant, fault in SAYS_NOTHING))
        assert [each["fired"] for each in tenant.ask("faults")["faults"]] == [1]
        tenant.no_faults()
        scene.agree(tenant, cmic, played.document)
    except Exception as problem:
        problem.add_note(f"{scene.name}, write {nth}, {fault}, {variant}; steps: {played.steps}")
        raise
