"""What stops the import of a budget from the ERP."""

from erp.models import Batch
from tests.support import scene as acts
from tests.workflow.cases import codes, met, removes, shows, stays
from workflow.blockers import Kind


@shows("ever_exported")
@removes("ever_exported")
def test_the_first_export_closes_the_import_for_good_and_says_why(scene):
    batch = acts.accept(scene, acts.send(scene))
    found = met(scene.budget, "import_from_erp", scene.dana, "ever_exported")
    assert found.kind is Kind.STATE
    assert "what CMiC holds came from here" in found.sentence and "In CMiC" in found.sentence
    assert found.link.endswith("/budget/#lines")
    acts.deliver(batch)
    acts.post(batch)
    stays(scene.reload(), "import_from_erp", scene.dana, "ever_exported")


def test_a_retrieved_batch_was_never_exported(scene):
    acts.send(scene)
    assert codes(scene.budget, "import_from_erp", scene.dana) == ["waiting_for_accounting"]
    acts.reject(scene, Batch.objects.get())
    assert codes(scene.reload(), "import_from_erp", scene.dana) == ["budget_locked"]


def test_an_auditor_reads_who_may_and_all_the_rest(scene):
    scene.connection.synced_at = None
    scene.connection.enabled = False
    scene.connection.save()
    assert codes(scene.reload(), "import_from_erp", scene.ruth) == [
        "never_synced",
        "connection_stopped",
        "no_right_to_edit_lines",
    ]
