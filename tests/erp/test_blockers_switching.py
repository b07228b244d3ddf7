"""A company is moved to another ERP once nothing of it is under way in the present one."""

from django.utils import timezone

from erp.posting import confirmations
from erp.setup import switching
from tests.support import paper
from tests.support import scene as stage
from tests.workflow.cases import gone, met, removes, shows
from workflow.blockers import Kind


@shows("no_other_erp")
@removes("no_other_erp")
def test_a_second_erp_is_configured_by_whoever_runs_tieback(scene, settings):
    found = met(scene.connection, "switch_erp", scene.jonas, "no_other_erp")
    assert found.kind == Kind.STATE
    assert "accounting by files with FILE_ERP_FOLDER" in found.sentence
    settings.ERP_BACKENDS = {**paper.BACKENDS, "other": {"BACKEND": "tests.erp.test_erp_is_named.Ledger"}}
    gone(scene.connection, "switch_erp", scene.jonas, "no_other_erp")


@shows("erp_has_documents")
@removes("erp_has_documents")
def test_what_is_under_way_is_posted_or_returned_first(two_erps):
    scene = two_erps
    stage.lock(scene)
    batch = stage.send(scene)
    gone(scene.connection, "switch_erp", scene.jonas, "erp_has_documents")
    stage.accept(scene, batch)
    found = met(scene.connection, "switch_erp", scene.jonas, "erp_has_documents")
    assert (found.kind, found.since) == (Kind.STATE, batch.sent_at)
    assert found.sentence == (
        "Under way in CMiC: batch 1 of Quay Street. Wait until they are posted, confirm them by hand, "
        "or return them to the PM."
    )
    stage.deliver(batch)
    stage.ask(batch)
    confirmations.confirm_posted(batch, user=scene.mira, now=timezone.now(), note="Seen in the ledger.")
    gone(scene.connection, "switch_erp", scene.jonas, "erp_has_documents")


def test_the_batches_of_another_company_are_its_own_affair(two_erps):
    scene = two_erps
    stage.lock(scene)
    stage.accept(scene, stage.send(scene))
    assert switching.erp_has_documents(scene.other_budget.project.company.erp_connection, scene.olga) is None
