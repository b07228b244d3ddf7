"""The codes' pages: ERP admins map, others look, other companies never see them; nothing is taken by itself."""

import json
import re

import pytest
from django.utils import timezone

from erp.mapping import services as mapping_services
from erp.mapping.models import MappingChange, MappingRule
from erp.mapping.resolving import Rule
from erp.mapping.state import Edit
from erp.models import CostCodeLink, ErpCostCode
from projects.models import CostCode
from tests.support import scene as acts
from tests.support.scene import MAIN


def url(scene, rest: str = "") -> str:
    return f"/admin/erp/connection/{scene.connection.pk}/codes/{rest}"


def target(scene, code: str) -> str | None:
    link = CostCodeLink.objects.filter(cost_code__company=scene.company, cost_code__code=code).first()
    return link.erp_cost_code.code if link else None


def ours(scene, code: str, name: str = "", **more) -> CostCode:
    return CostCode.objects.create(company=scene.company, code=code, name=name, division="03", **more)


def seen(scene) -> str:
    last = mapping_services.latest(scene.connection)
    return str(last.pk if last else 0)


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


# -- the list -----------------------------------------------------------------------------------------------


def test_unmapped_codes_come_first_with_who_uses_them_and_what_may_be_meant(scene, desk):
    code = ours(scene, "0330", "Slabs")
    line = scene.lines[MAIN, "03-30-00", "M"]
    type(line).objects.filter(pk=line.pk).update(cost_code=code)
    ErpCostCode.objects.create(connection=scene.connection, code="03.30", name="Something")
    page = desk(scene.jonas).get(url(scene))
    said = text_of(page)
    assert "Unmapped 1" in said
    assert "0330 Slabs on 1 line of Quay Street" in said
    assert "03.30 Something the same code but for punctuation or case" in said
    assert "09-68-00" not in said
    assert "09-68-00" in text_of(desk(scene.jonas).get(url(scene), {"show": "all"}))


def test_one_click_takes_one_suggestion_and_ticks_take_several(scene, desk):
    for code in ("0968", "0131", "77"):
        ours(scene, code)
    client = desk(scene.jonas)
    given = {"seen": seen(scene), "kind": "cost_code", "show": "unmapped"}
    pairs = [json.dumps(pair) for pair in (["0968", "09-68-00"], ["0131", "01-31-00"], ["77", "03"])]
    client.post(url(scene, "do/take/"), {**given, "take": pairs[1:], "only": pairs[0]})
    assert (target(scene, "0968"), target(scene, "0131")) == ("09-68-00", None)
    answer = client.post(
        url(scene, "do/take/"), {**given, "seen": seen(scene), "take": pairs[1:]}, follow=True
    )
    assert (target(scene, "0131"), target(scene, "77")) == ("01-31-00", "03")
    assert "0131 goes to 01-31-00, 77 goes to 03. 2 codes lead elsewhere." in text_of(answer)
    nothing = client.post(url(scene, "do/take/"), {**given, "seen": seen(scene)})
    assert nothing.status_code == 422
    assert "Tick the suggestions to take" in text_of(nothing)


def test_a_suggestion_that_no_page_wrote_is_a_bad_request(scene, desk):
    for nonsense in ("", "[]", '["03"]', '["03", 9]', "{", '["03", ""]'):
        answer = desk(scene.jonas).post(url(scene, "do/take/"), {"only": nonsense, "seen": "0"})
        assert answer.status_code == 400, nonsense


def test_a_code_is_set_by_hand_and_a_mistyped_one_is_answered_with_what_may_be_meant(scene, desk):
    client = desk(scene.jonas)
    given = {"seen": "0", "kind": "cost_code", "show": "all", "code": "09-68-00"}
    wrong = client.post(url(scene, "do/set/"), {**given, "target": "01-31-01"})
    assert wrong.status_code == 422
    assert "The ERP has no cost code 01-31-01 as last read - did you mean 01-31-00?" in text_of(wrong)
    assert 'value="01-31-01"' in wrong.content.decode()
    right = client.post(url(scene, "do/set/"), {**given, "target": "01-31-00"})
    assert right.status_code == 302
    assert target(scene, "09-68-00") == "01-31-00"
    assert "the table" in text_of(client.get(url(scene), {"show": "table"}))


def test_somebody_who_was_slower_is_told_who_was_faster(scene, desk):
    given = {"seen": "0", "kind": "cost_code", "show": "all", "code": "09-68-00", "target": "01"}
    client = desk(scene.jonas)
    client.post(url(scene, "do/set/"), given)
    late = client.post(url(scene, "do/set/"), {**given, "target": "03"})
    assert late.status_code == 409
    assert "Jonas Lindqvist changed the mapping since you looked: 09-68-00 goes to 01." in text_of(late)
    assert target(scene, "09-68-00") == "01"


def test_a_typed_code_is_led_somewhere_and_its_lines_have_it(scene, desk):
    line = acts.add_line(scene.budget, scene.dana, MAIN, "O9-68-00", "M", "7.00")
    client = desk(scene.jonas)
    page = client.get(url(scene))
    assert "Typed, not ours 1" in text_of(page)
    assert "09-68-00 Carpeting the same code but for letters that look like digits" in text_of(page)
    pair = json.dumps(["O9-68-00", "09-68-00"])
    client.post(url(scene, "do/take/"), {"seen": "0", "kind": "cost_code", "show": "typed", "only": pair})
    line.refresh_from_db()
    assert line.cost_code.code == "O9-68-00"
    assert target(scene, "O9-68-00") == "09-68-00"


def test_codes_that_are_inactive_or_gone_there_are_marked_on_a_shelf_of_their_own(scene, desk):
    theirs = ErpCostCode.objects.filter(connection=scene.connection)
    theirs.filter(code="09").update(active=False)
    theirs.filter(code="03").update(gone_at=timezone.now())
    said = text_of(desk(scene.ruth).get(url(scene), {"show": "stale"}))
    assert "Inactive or gone there 2" in said
    assert "09 Finishes inactive in CMiC" in said
    assert "03 Concrete gone from CMiC" in said


def test_codes_are_found_by_code_and_by_name(scene, desk):
    client = desk(scene.ruth)
    assert "09-68-00" in text_of(client.get(url(scene), {"show": "all", "q": "carpet"}))
    assert "No code here matches “xyz”." in text_of(client.get(url(scene), {"show": "all", "q": "xyz"}))
    assert "Every code leads somewhere." in text_of(client.get(url(scene), {"show": "unmapped"}))


def test_what_no_code_can_hold_is_a_sentence_or_nothing_and_never_an_error(scene, desk):
    client = desk(scene.jonas)
    assert client.get(url(scene), {"q": "\x01", "p": "x", "show": "no", "kind": "no"}).status_code == 200
    bad = {"seen": "0", "kind": "cost_code", "code": "0\x01", "target": "03\x01"}
    for shelf in ("typed", "all"):
        answer = client.post(url(scene, "do/set/"), {**bad, "show": shelf})
        assert answer.status_code == 422, shelf
    rules = {"seen": "0", "kind": "cost_code", "place": "1", "pattern": "0\x01", "gives": "03"}
    assert client.post(url(scene, "rules/"), rules).status_code == 422
    assert client.post(url(scene, "file/"), {"text": "code,erp_code\n0\x01,03"}).status_code == 422
    assert not MappingChange.objects.exists()


def test_cost_types_have_a_list_of_their_own(scene, desk):
    client = desk(scene.jonas)
    page = client.get(url(scene), {"kind": "cost_type", "show": "all"})
    assert "4000 Subcontract the same name" in text_of(page).replace("  ", " ")
    given = {"seen": "0", "kind": "cost_type", "show": "all", "code": "S", "target": "5000"}
    client.post(url(scene, "do/set/"), given)
    assert "S Subcontract 5000 Other the table" in text_of(
        client.get(url(scene), {"kind": "cost_type", "show": "all"})
    )


@pytest.mark.parametrize("shelf", ["unmapped", "all", "typed"])
def test_a_page_asks_the_same_few_questions_however_many_codes_there_are(
    scene, desk, django_assert_max_num_queries, shelf
):
    client = desk(scene.jonas)

    def asked():
        with django_assert_max_num_queries(12) as captured:
            assert client.get(url(scene), {"show": shelf, "q": "0"}).status_code == 200
        return len(captured)

    acts.add_line(scene.budget, scene.dana, MAIN, "0-typed", "M", "7.00")
    ours(scene, "first-0")
    before = asked()
    CostCode.objects.bulk_create(
        CostCode(company=scene.company, code=f"x-{n:05}", name=f"Concrete work {n}", division="x")
        for n in range(300)
    )
    ErpCostCode.objects.bulk_create(
        ErpCostCode(connection=scene.connection, code=f"{n:06}", name=f"Concrete works {n}")
        for n in range(300)
    )
    assert asked() == before


def test_ten_thousand_codes_are_paged(scene, desk):
    CostCode.objects.bulk_create(
        (
            CostCode(company=scene.company, code=f"{n:05}", name=f"Work {n}", division="x")
            for n in range(10_000)
        ),
        batch_size=2000,
    )
    client = desk(scene.jonas)
    first = client.get(url(scene))
    assert "Page 1 of 200, 10000 codes" in text_of(first)
    assert first.content.decode().count('<tr id="code-') == 50
    last = client.get(url(scene), {"p": "9999"})
    assert "Page 200 of 200" in text_of(last)
    assert "09999" in text_of(last)


# -- rules --------------------------------------------------------------------------------------------------


def rules_form(scene, *rows, **more) -> dict:
    places, patterns, gives = zip(*rows, strict=True)
    return {
        "kind": "cost_code",
        "seen": seen(scene),
        "place": places,
        "pattern": patterns,
        "gives": gives,
        **more,
    }


def previewed(answer) -> str:
    return re.search(r'name="previewed" value="([0-9a-f]{64})"', answer.content.decode())[1]


def test_rules_are_previewed_and_only_what_was_previewed_is_saved(scene, desk):
    client = desk(scene.jonas)
    rows = (("2", "03-*", "03"), ("1", "03-30-*", "09"), ("3", "", ""))
    answer = client.post(url(scene, "rules/"), rules_form(scene, *rows))
    assert "1 code leads elsewhere." in text_of(answer)
    assert "03-30-00 Cast-in-place concrete 03-30-00 09 a rule" in text_of(answer)
    assert not MappingRule.objects.exists()
    other = (*rows[:2], ("3", "09-*", "01"))
    again = client.post(url(scene, "rules/"), rules_form(scene, *other, previewed=previewed(answer)))
    assert again.status_code == 200
    assert not MappingRule.objects.exists()
    saved = client.post(url(scene, "rules/"), rules_form(scene, *other, previewed=previewed(again)))
    assert saved.status_code == 302
    kept = MappingRule.objects.values_list("position", "pattern", "gives")
    assert list(kept) == [(1, "03-30-*", "09"), (2, "03-*", "03"), (3, "09-*", "01")]
    assert (target(scene, "03-30-00"), target(scene, "09-68-00")) == ("09", "01")


def test_a_rule_that_cannot_be_kept_is_shown_again_with_what_to_do(scene, desk):
    answer = desk(scene.jonas).post(url(scene, "rules/"), rules_form(scene, ("1", "03-*", "$2")))
    assert answer.status_code == 422
    assert "$2 stands for no star of the pattern: use $1." in text_of(answer)
    assert 'value="03-*"' in answer.content.decode()


# -- files --------------------------------------------------------------------------------------------------


def test_an_exported_file_imported_again_changes_nothing(scene, desk):
    edits = [Edit("cost_code", rules=(Rule("09-*", "09"),), table={"03": "01"})]
    mapping_services.apply(scene.connection, edits, user=scene.jonas, now=timezone.now(), sentence="Begun")
    ours(scene, "=1+1", "Formula")
    client = desk(scene.jonas)
    text = client.get(url(scene, "export.csv")).content.decode("utf-8-sig")
    assert "cost code,03,Concrete,01,General requirements,table" in text
    assert "cost code,09-68-00,Carpeting,09,Finishes,pattern" in text
    assert "'=1+1" in text
    answer = client.post(url(scene, "file/"), {"text": text, "seen": seen(scene)})
    assert "No code changes." in text_of(answer)
    assert "0 rows of the table change." in text_of(answer)
    assert MappingChange.objects.count() == 1


def test_a_table_is_previewed_then_imported_with_codes_that_become_ours(scene, desk):
    line = acts.add_line(scene.budget, scene.dana, MAIN, "9680", "M", "7.00")
    text = "code;erp_code;name\n09-68-00;01;\n9680;09-68-00;Carpet tiles\n"
    client = desk(scene.jonas)
    given = {"text": text, "seen": "0", "add_new": "on"}
    shown = client.post(url(scene, "file/"), given)
    assert "1 code leads elsewhere." in text_of(shown)
    assert "2 rows of the table change. 1 code becomes ours" in text_of(shown)
    assert target(scene, "09-68-00") == "09-68-00"
    assert client.post(url(scene, "file/"), {**given, "apply": "yes"}).status_code == 302
    line.refresh_from_db()
    assert (line.cost_code.name, target(scene, "9680"), target(scene, "09-68-00")) == (
        "Carpet tiles",
        "09-68-00",
        "01",
    )


def test_every_row_that_cannot_be_taken_is_named_and_nothing_is_changed(scene, desk):
    text = (
        "kind,code,erp_code\n,03,01\n,03,09\ncost code,zz,01\ncost kind,03,01\n,01,01-31-01\n,,01\n"
        "cost type,S,5000\ncost type,Q,5000\n"
    )
    answer = desk(scene.jonas).post(url(scene, "file/"), {"text": text, "seen": "0"})
    assert answer.status_code == 422
    said = text_of(answer)
    for words in (
        "6 rows cannot be taken",
        "Row 3: 03 is in row 2 already. One code cannot lead to two",
        "Row 4: zz is none of our cost codes. Correct it, or tick",
        "Row 5: &#x27;cost kind&#x27; is no kind.",
        "Row 6: The ERP has no cost code 01-31-01 as last read - did you mean 01-31-00?",
        "Row 7: The code is empty.",
        "Row 9: Q is none of our cost types.",
    ):
        assert words in said, words
    assert not MappingChange.objects.exists()


def test_a_file_of_no_use_says_why(scene, desk):
    client = desk(scene.jonas)
    for text, words in (("", "The file is empty."), ("a,b\n1,2", "code and erp_code are missing")):
        answer = client.post(url(scene, "file/"), {"text": text, "seen": "0"})
        assert answer.status_code == 422
        assert words in text_of(answer)


# -- history ------------------------------------------------------------------------------------------------


def test_the_history_tells_every_change_and_an_earlier_one_is_restored(scene, desk):
    client = desk(scene.jonas)
    assert "The mapping was never changed." in text_of(client.get(url(scene, "history/")))
    for code, to in (("09-68-00", "01"), ("03-30-00", "01")):
        given = {"seen": seen(scene), "kind": "cost_code", "show": "all", "code": code, "target": to}
        client.post(url(scene, "do/set/"), given)
    said = text_of(client.get(url(scene, "history/")))
    assert "2 09-68-00 goes to 01" in said
    assert "3 03-30-00 goes to 01" in said
    first = MappingChange.objects.get(version=2)
    page = client.get(url(scene, f"history/{first.pk}/"))
    assert "09-68-00 09-68-00 01" in text_of(page)
    preview = client.get(url(scene, f"history/{first.pk}/"), {"restore": "1"})
    assert "03-30-00 Cast-in-place concrete 01 03-30-00 the same code" in text_of(preview)
    client.post(url(scene, f"history/{first.pk}/"), {"seen": seen(scene)})
    assert (target(scene, "03-30-00"), target(scene, "09-68-00")) == ("03-30-00", "01")
    client.post(url(scene, "history/0/"), {"seen": seen(scene)})
    assert target(scene, "09-68-00") == "09-68-00"
    assert mapping_services.latest(scene.connection).version == 5


# -- rights -------------------------------------------------------------------------------------------------

PAGES = ("", "rules/", "file/", "history/")


def test_an_approver_looks_and_is_told_whom_to_ask(scene, desk):
    client = desk(scene.mira)
    for page in PAGES:
        answer = client.get(url(scene, page))
        assert answer.status_code == 200, page
        assert "Ask Jonas Lindqvist." in text_of(answer), page
    forms = {
        "do/set/": {"code": "03", "target": "09"},
        "rules/": {},
        "file/": {"text": "code,erp_code\n03,09"},
    }
    for page, given in forms.items():
        answer = client.post(url(scene, page), {"seen": "0", **given})
        assert answer.status_code == 409, page
    assert not MappingChange.objects.exists()


def test_another_companys_codes_do_not_exist(scene, desk):
    client = desk(scene.olga)
    for page in (*PAGES, "export.csv", "history/0/"):
        assert client.get(url(scene, page)).status_code == 404, page
    for page in ("do/set/", "do/take/", "rules/", "file/", "history/0/"):
        assert client.post(url(scene, page), {"code": "03", "target": "09"}).status_code == 404, page


def test_a_change_of_another_company_is_no_change_here(scene, desk):
    theirs = scene.other_company.erp_connection
    mapping_services.apply(
        theirs, [Edit("cost_code", table={"03": "09"})], user=scene.olga, now=timezone.now(), sentence="x"
    )
    change = mapping_services.latest(theirs)
    assert desk(scene.jonas).get(url(scene, f"history/{change.pk}/")).status_code == 404
    assert target(scene, "03") == "03"
