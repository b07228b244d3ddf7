"""An ERP admin maps codes: links follow, versions rise, what is under way keeps its codes, and the way back is open."""

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from budgets.errors import Conflict, InvalidInput
from erp import tasks
from erp.decision import deciding
from erp.mapping import services as mapping_services
from erp.mapping.models import MappingChange, MappingRule
from erp.mapping.resolving import Rule
from erp.mapping.state import Edit
from erp.models import CostCodeLink, CostTypeLink, Document, ErpCostCode, ErpCostType
from erp.port import CostCodeRow
from erp.sync import readings
from projects.models import CostCode
from tests.erp.office import sync
from tests.support import scene as acts
from tests.support.scene import MAIN
from tests.workflow.cases import codes
from workflow.actions import ActionBlocked
from workflow.events import verify
from workflow.models import Event
from workflow.templatetags.figures import plain_moment_in

CONCRETE = (MAIN, "03-30-00", "M")


def now():
    return timezone.now()


def edit(scene, *edits, sentence="Changed", **more):
    scene.connection.refresh_from_db()
    return mapping_services.apply(
        scene.connection, edits, user=scene.jonas, now=now(), sentence=sentence, **more
    )


def table(**rows):
    return Edit(
        "cost_code", table={code.replace("_", "-").removeprefix("c"): to for code, to in rows.items()}
    )


def rules(*pairs):
    return Edit("cost_code", rules=tuple(Rule(*pair) for pair in pairs))


def leads(scene):
    links = CostCodeLink.objects.filter(cost_code__company=scene.company)
    return {
        link.cost_code.code: (link.erp_cost_code.code, link.means)
        for link in links.select_related("cost_code", "erp_cost_code")
    }


def version(scene):
    scene.connection.refresh_from_db()
    return scene.connection.mapping_version


# -- links follow -------------------------------------------------------------------------------------------


def test_a_row_of_the_table_leads_a_code_elsewhere_in_one_version(scene):
    outcome = edit(scene, table(c09_68_00="03-30-00"), sentence="09-68-00 goes to 03-30-00")
    assert leads(scene)["09-68-00"] == ("03-30-00", "table")
    assert [one.code for one in outcome.moved] == ["09-68-00"]
    change = MappingChange.objects.get()
    assert (change.version, change.raised, change.by) == (2, True, scene.jonas)
    assert change.links == [["cost_code", "09-68-00", "09-68-00", "03-30-00"]]
    assert version(scene) == 2
    event = Event.objects.get(action="edit_mapping")
    assert event.sentence == "Mapping of codes, version 2: 09-68-00 goes to 03-30-00"
    assert (event.actor, event.data["links"]) == ("Jonas Lindqvist", change.links)
    assert verify(scene.company.pk)[1] is None


def test_a_rule_gathers_a_division_and_the_table_still_comes_first(scene):
    edit(scene, table(c03_30_00="09"), rules(("03-*", "03"), ("*-68-*", "$1")))
    assert leads(scene) == {
        "01": ("01", "identity"),
        "01-31-00": ("01-31-00", "identity"),
        "03": ("03", "identity"),
        "03-30-00": ("09", "table"),
        "09": ("09", "identity"),
        "09-68-00": ("09", "pattern"),
    }
    assert version(scene) == 2


def test_taking_a_row_or_a_rule_out_leads_back_to_identity(scene):
    edit(scene, table(c09_68_00="03"), rules(("01-*", "01")))
    edit(scene, table(c09_68_00=""), rules())
    assert {means for _, means in leads(scene).values()} == {"identity"}
    assert version(scene) == 3
    assert not MappingRule.objects.exists()


def test_a_change_that_leads_no_code_elsewhere_is_kept_in_the_history_without_a_new_version(scene):
    edit(scene, table(c09_68_00="09-68-00"))
    change = MappingChange.objects.get()
    assert (change.version, change.raised, change.links) == (1, False, [])
    assert change.table == [["cost_code", "09-68-00", "", "09-68-00"]]
    edit(scene, table(c09_68_00="09-68-00"))
    assert MappingChange.objects.count() == 1


def test_a_rule_that_gives_what_the_erp_lacks_unmaps_the_code_and_send_names_its_lines(scene):
    acts.lock(scene)
    edit(scene, rules(("09-68-*", "9$1")))
    assert "09-68-00" not in leads(scene)
    assert "cost_code_unknown" in codes(scene.budget, "send", scene.dana)
    edit(scene, rules())
    assert "cost_code_unknown" not in codes(scene.budget, "send", scene.dana)


@pytest.mark.parametrize(
    ("wanted", "field", "said"),
    [
        (table(c09_68_00="77"), "target", "The ERP has no cost code 77 as last read."),
        (Edit("cost_code", table={"77": "03"}), "code", "77 is none of our codes."),
        (rules(("03-*", "$4")), "rule-0", "$4 stands for no star"),
        (rules(("03-*", "03"), ("03-*", "01")), "rule-1", "One code cannot become two"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence_and_changes_nothing(scene, wanted, field, said):
    with pytest.raises(InvalidInput) as told:
        edit(scene, wanted)
    assert said in told.value.errors[field]
    assert (version(scene), MappingChange.objects.count()) == (1, 0)


def test_only_an_erp_admin_of_the_company_edits_and_only_once_codes_were_read(scene):
    for person in (scene.mira, scene.dana, scene.olga):
        with pytest.raises(ActionBlocked) as told:
            mapping_services.apply(
                scene.connection, [table(c09_68_00="03")], user=person, now=now(), sentence="x"
            )
        assert [b.code for b in told.value.blockers] == ["not_erp_admin"]
    assert version(scene) == 1


def test_whoever_looked_at_an_older_mapping_is_told_who_was_faster(scene):
    edit(scene, table(c09_68_00="03"), sentence="09-68-00 goes to 03", seen=0)
    with pytest.raises(Conflict, match="Jonas Lindqvist changed the mapping since you looked: 09-68-00 goes"):
        edit(scene, table(c01="03"), seen=0)
    edit(scene, table(c01="03"), seen=mapping_services.latest(scene.connection).pk)


def test_a_preview_says_what_would_change_and_changes_nothing(scene):
    batch = acts.send(scene)
    outcome = mapping_services.preview(scene.connection, [rules(("09-68-*", "09"), ("01-*", "7"))])
    assert [(one.code, one.old, one.new) for one in outcome.moved] == [
        ("01-31-00", "01-31-00", ""),
        ("09-68-00", "09-68-00", "09"),
    ]
    assert outcome.sentence == (
        "2 codes lead elsewhere. 1 is unmapped then and cannot be sent. 1 budget waiting for accounting: "
        "Quay Street (batch 1); the approver has to read again before accepting."
    )
    assert batch.number == 1
    assert (version(scene), MappingRule.objects.count()) == (1, 0)


def test_a_preview_warns_of_lines_that_were_posted_under_the_old_code(scene):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    acts.post(batch)
    outcome = mapping_services.preview(scene.connection, [table(c09_68_00="09")])
    assert "2 lines were posted under the old code: those amounts stay there" in outcome.sentence


# -- the sync -----------------------------------------------------------------------------------------------


def test_new_codes_of_the_erp_obey_the_rules_and_are_no_change_of_the_mapping(office, scene):
    edit(scene, rules(("05-*", "03")))
    office.cost_codes["05-12-00"] = CostCodeRow("05-12-00", "Steel", "", True)
    office.cost_codes["06-10-00"] = CostCodeRow("06-10-00", "Wood", "", True)
    sync(scene)
    assert leads(scene)["05-12-00"] == ("03", "pattern")
    assert leads(scene)["06-10-00"] == ("06-10-00", "identity")
    assert MappingChange.objects.count() == 1


def test_a_code_that_the_erp_gets_later_is_mapped_by_the_sync_in_a_version_of_its_own(office, scene):
    edit(scene, rules(("09-68-*", "0968")))
    assert "09-68-00" not in leads(scene)
    office.cost_codes["0968"] = CostCodeRow("0968", "Carpets", "", True)
    sync(scene)
    assert leads(scene)["09-68-00"] == ("0968", "pattern")
    change = mapping_services.latest(scene.connection)
    assert (change.version, change.by) == (3, None)
    assert change.links == [["cost_code", "09-68-00", "", "0968"]]
    sync(scene)
    assert mapping_services.latest(scene.connection) == change


def test_the_sync_leaves_a_row_of_the_table_alone_also_when_its_code_is_gone(office, scene):
    edit(scene, table(c09_68_00="01-31-00"))
    del office.cost_codes["01-31-00"]
    sync(scene)
    assert leads(scene)["09-68-00"] == ("01-31-00", "table")
    acts.lock(scene)
    assert "cost_code_inactive" in codes(scene.budget, "send", scene.dana)


# -- cost types ---------------------------------------------------------------------------------------------


def types(scene):
    links = CostTypeLink.objects.filter(cost_type__company=scene.company)
    return {link.cost_type.code: link for link in links.select_related("cost_type", "erp_cost_type")}


def test_a_cost_type_that_an_admin_chose_from_the_table_counts_at_once_and_by_rule_after_a_look(scene):
    edit(scene, Edit("cost_type", table={"S": "5000"}))
    chosen = types(scene)["S"]
    assert (chosen.erp_cost_type.code, chosen.confirmed_by, chosen.means) == ("5000", scene.jonas, "table")
    edit(scene, Edit("cost_type", rules=(Rule("O", "1000"),)))
    by_rule = types(scene)["O"]
    assert (by_rule.erp_cost_type.code, by_rule.confirmed_at) == ("1000", None)
    assert types(scene)["L"].confirmed_at is not None


def test_a_cost_type_stays_matched_when_the_erp_renames_its_own(office, scene):
    office.cost_type("4000", name="Subcontracts")
    sync(scene)
    link = types(scene)["S"]
    assert (link.erp_cost_type.code, link.means) == ("4000", "identity")
    assert link.confirmed_at is not None
    assert not MappingChange.objects.exists()


# -- what is under way --------------------------------------------------------------------------------------


def test_a_document_under_way_keeps_its_codes_and_its_version(scene):
    batch = acts.accept(scene, acts.send(scene))
    edit(scene, table(c09_68_00="09"))
    document = Document.objects.get(batch=batch)
    assert document.mapping_version == 1
    frozen = set(batch.items.get().lines.values_list("cost_code", "erp_cost_code"))
    assert ("09-68-00", "09-68-00") in frozen
    acts.deliver(batch)
    acts.post(batch)


def test_the_next_document_names_the_new_version_and_carries_the_new_codes(scene):
    edit(scene, table(c09_68_00="09"))
    batch = acts.accept(scene, acts.send(scene))
    document = Document.objects.get(batch=batch)
    assert document.mapping_version == 2
    rows = dict(document.item.lines.values_list("cost_code", "erp_cost_code"))
    assert rows["09-68-00"] == "09"
    explained = MappingChange.objects.get(connection=scene.connection, version=2, raised=True)
    assert ["cost_code", "09-68-00", "09-68-00", "09"] in explained.links


def test_an_approver_who_looked_before_the_change_reads_again_and_sees_where_codes_go_now(scene):
    batch = acts.send(scene)
    seen = scene.budget.readings.filter(state="made").first().hash
    scene.sheet.hold(MAIN, "09", "4000", "2500.00")
    edit(scene, table(c09_68_00="09"))
    assert codes(batch, "accept", scene.mira) == ["mapping_changed"]
    with pytest.raises(ActionBlocked, match=r"09-68-00 \(to 09-68-00 then, to 09 now\). Read again"):
        deciding.accept(batch, user=scene.mira, now=now(), reading_hash=seen)
    tasks.follow_mapping(scene.connection.pk)
    acts.read(scene)
    with pytest.raises(ActionBlocked, match="changed since you read it"):
        deciding.accept(batch, user=scene.mira, now=now(), reading_hash=seen)
    batch.refresh_from_db()
    assert batch.moved == acts.TOTAL - 2500  # weighed by what the new code holds
    acts.accept(scene, batch)
    row = batch.items.get().lines.get(cost_code="09-68-00", cost_type="S")
    assert (row.erp_cost_code, row.base) == ("09", 2500)


def test_the_amounts_being_the_same_is_no_excuse_for_not_looking_at_new_codes(scene):
    batch = acts.send(scene)
    seen = scene.budget.readings.filter(state="made").first().hash
    edit(scene, table(c09_68_00="09"))
    acts.read(scene)
    assert scene.budget.readings.filter(state="made").first().hash != seen
    with pytest.raises(ActionBlocked, match="changed since you read it"):
        deciding.accept(batch, user=scene.mira, now=now(), reading_hash=seen)


def test_whom_a_change_does_not_concern_goes_on_with_what_they_read(scene):
    batch = acts.send(scene)
    seen = scene.budget.readings.filter(state="made").first().hash
    edit(scene, table(c01="09"))
    deciding.accept(batch, user=scene.mira, now=now(), reading_hash=seen)


def test_mapping_makes_nobody_a_preparer_and_frees_nobody_from_being_one(scene):
    batch = acts.send(scene, by=scene.tom)
    edit(scene, table(c09_68_00="09"))
    acts.read(scene)
    assert codes(batch, "accept", scene.tom) == ["you_prepared_it"]
    assert codes(batch, "accept", scene.jonas) == []


def test_the_worker_reads_again_for_those_whom_a_change_concerns_and_no_others(scene):
    acts.send(scene)
    edit(scene, table(c01="09"))
    assert readings.mapped_anew(scene.connection) == []
    edit(scene, table(c09_68_00="09"))
    tasks.follow_mapping(scene.connection.pk)
    assert scene.budget.readings.filter(state="asked").count() == 1
    acts.read(scene)
    assert readings.mapped_anew(scene.connection) == []


def test_two_codes_on_one_are_summed_into_one_line_of_the_erp(scene):
    edit(scene, rules(("03-30-*", "03"), ("09-68-*", "03")))
    batch = acts.accept(scene, acts.send(scene))
    rows = batch.items.get().lines.filter(erp_cost_code="03").values_list("cost_code", flat=True)
    assert set(rows) == {"03-30-00", "09-68-00"}


# -- the way back -------------------------------------------------------------------------------------------


def test_an_earlier_state_is_restored_as_a_new_version(scene):
    edit(scene, table(c09_68_00="09"), rules(("01-*", "01")))
    good, before = mapping_services.latest(scene.connection), leads(scene)
    edit(scene, table(c09_68_00="03", c03="09"))
    edit(scene, table(c03="", c09="01"), rules())
    bad = mapping_services.latest(scene.connection)
    outcome = mapping_services.restore(scene.connection, good, user=scene.jonas, now=now(), seen=bad.pk)
    assert leads(scene) == before
    assert len(outcome.moved) == 3
    newest = mapping_services.latest(scene.connection)
    assert (newest.restores, newest.version) == (good, 5)
    when = plain_moment_in(good.at, "America/Chicago")
    assert newest.sentence == f"Restored the mapping as after {when}: {good.sentence}"
    assert MappingChange.objects.count() == 4


def test_everything_can_be_undone_to_before_the_first_change(scene):
    before = leads(scene)
    edit(scene, table(c09_68_00="09"), rules(("01-*", "01")))
    edit(scene, Edit("cost_type", table={"S": "5000"}))
    last = mapping_services.latest(scene.connection)
    mapping_services.restore(scene.connection, None, user=scene.jonas, now=now(), seen=last.pk)
    assert leads(scene) == before
    assert types(scene)["S"].erp_cost_type.code == "4000"


# -- codes that become ours ---------------------------------------------------------------------------------


def test_a_typed_code_becomes_ours_and_its_lines_have_it(scene):
    line = acts.add_line(scene.budget, scene.dana, MAIN, "09.68", "M", "7.00")
    acts.lock(scene)
    edit(scene, Edit("cost_code", table={"09.68": "09-68-00"}), adds={"09.68": "Carpets"})
    line.refresh_from_db()
    assert (line.cost_code.code, line.cost_code_text, line.version) == ("09.68", "", 1)
    assert (line.cost_code.division, line.cost_code.name) == ("09", "Carpets")
    assert codes(scene.budget, "send", scene.dana) == []
    assert Event.objects.get(action="adopt_codes").sentence == "1 line has a cost code that is known now"
    batch = acts.send(scene)
    assert codes(batch, "accept", scene.jonas) == ["you_prepared_it"]  # he gave a line its code
    acts.accept(scene, batch)


def test_a_line_that_would_meet_its_own_code_stays_text(scene):
    typed = acts.add_line(scene.budget, scene.dana, MAIN, "09.68", "M", "7.00")
    CostCode.objects.create(company=scene.company, code="09.68", division="09")
    acts.add_line(scene.budget, scene.dana, MAIN, "09.68", "M", "8.00")
    edit(scene, Edit("cost_code", table={"09.68": "09-68-00"}), adds={"09.68": ""})
    typed.refresh_from_db()
    assert typed.cost_code_text == "09.68"


def test_a_code_that_is_too_long_never_becomes_ours(scene):
    with pytest.raises(InvalidInput, match="1 to 16 characters"):
        edit(scene, Edit("cost_code", table={"0" * 17: "03"}), adds={"0" * 17: ""})
    assert not CostCode.objects.filter(code="0" * 17).exists()


# -- the database -------------------------------------------------------------------------------------------


def refused(kind=IntegrityError):
    return pytest.raises(kind)


def test_one_code_leads_to_one_code_whatever_anybody_writes(scene):
    ours = CostCode.objects.get(company=scene.company, code="03")
    theirs = ErpCostCode.objects.get(connection=scene.connection, code="09")
    with refused(), transaction.atomic():
        CostCodeLink.objects.create(cost_code=ours, erp_cost_code=theirs)


def test_no_code_leads_into_another_company(scene):
    foreign = ErpCostCode.objects.exclude(connection=scene.connection).first()
    with refused(), transaction.atomic():
        CostCodeLink.objects.filter(cost_code__company=scene.company).update(erp_cost_code=foreign)
    foreign_type = ErpCostType.objects.exclude(connection=scene.connection).first()
    with refused(), transaction.atomic():
        CostTypeLink.objects.filter(cost_type__company=scene.company).update(erp_cost_type=foreign_type)


def test_a_version_never_falls_and_its_history_is_never_rewritten(scene):
    edit(scene, table(c09_68_00="09"))
    with refused(), transaction.atomic():
        type(scene.connection).objects.filter(pk=scene.connection.pk).update(mapping_version=1)
    for touch in (
        lambda: MappingChange.objects.update(sentence="Nothing happened"),
        lambda: MappingChange.objects.all().delete(),
    ):
        with refused(DatabaseError), transaction.atomic():
            touch()
