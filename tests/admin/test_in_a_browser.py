"""The desk in a real browser: the policy holds, a phone is wide enough, the page follows by itself."""

from erp.models import ApprovalRule, Batch
from tests.admin.test_queue import another_batch, read
from tests.support import paper
from tests.support import scene as acts
from tests.support.browser import scrolls_sideways, sign_in
from tests.support.scene import MAIN, PASSWORD


def enter(page, username: str, path: str) -> None:
    sign_in(page, username=username, password=PASSWORD)
    page.goto(path)


def test_mira_decides_from_the_queue_and_sees_new_amounts_arrive(scene, transactional_db, browser_page):
    batch = acts.send(scene)
    page = browser_page
    enter(page, "mira", "/admin/erp/batch/")
    page.click("text=Quay Street")
    page.click("button:has-text('Read again')")
    page.wait_for_selector("text=CMiC is being read …")
    paper.SHEET.hold(MAIN, "03-30-00", "1000", "14000.00")
    acts.read(scene)
    page.wait_for_selector("tr:has-text('03-30-00 L') >> text=14,000.00")
    page.click("button:has-text('Accept')")
    page.wait_for_selector("text=Accepted. Tieback writes it into the ERP now.")
    assert Batch.objects.get(pk=batch.pk).state == "accepted"
    acts.deliver(batch)
    page.wait_for_selector("text=1 of 1 document in CMiC")


def test_a_rejection_without_javascript_pins_its_remark(scene, transactional_db, page_without_javascript):
    batch = acts.send(scene)
    page = page_without_javascript
    enter(page, "mira", f"/admin/erp/batch/{batch.pk}/change/")
    row = page.locator("tr", has_text=f"{MAIN} 03-30-00 M")
    row.locator("summary").click()
    row.locator("textarea").fill("Is that ready-mix?")
    page.select_option("#reason_code", "amounts")
    page.fill("textarea#reason", "Concrete is too high.")
    page.click("#reject-form button")
    page.wait_for_selector("text=Sent back. Dana Reyes reads your reason and remarks.")
    assert [remark.text for remark in batch.remarks.all()] == ["Is that ready-mix?"]


def test_ticking_a_person_says_that_the_step_is_theirs(scene, transactional_db, browser_page):
    page = browser_page
    enter(page, "jonas", "/admin/erp/approvalrule/")
    page.check(f"#person-{scene.tom.pk}")
    assert page.is_checked("#who-named"), "nobody has to say it twice"
    page.check("#who-anybody")
    assert not page.is_checked(f"#person-{scene.tom.pk}")
    page.check(f"#person-{scene.mira.pk}")
    page.fill("#name", "Controller")
    page.click("text=Add the step")
    page.wait_for_selector("text=“Controller” is kept.")
    made = ApprovalRule.objects.get()
    assert (made.anybody, list(made.people.all())) == (False, [scene.mira])


def test_at_320_pixels_nothing_of_the_desk_scrolls_sideways(scene, transactional_db, narrow_page):
    batch = acts.send(scene, note="A note")
    enter(narrow_page, "mira", "/admin/erp/batch/")
    pages = [
        "",
        "filters/?list=queue%3Dall",
        f"{batch.pk}/change/",
        f"{batch.pk}/change/?show=all",
        f"{batch.pk}/do/return_to_pm/",
        f"{batch.pk}/posting-list/",
    ]
    for path in [f"/admin/erp/batch/{rest}" for rest in pages] + [
        "/admin/erp/connection/",
        "/admin/workflow/event/",
    ]:
        narrow_page.goto(path)
        assert not scrolls_sideways(narrow_page), path
    acts.accept(scene, batch)
    acts.refuse(batch)
    narrow_page.goto(f"/admin/erp/batch/{batch.pk}/change/")
    assert not scrolls_sideways(narrow_page)


def test_a_blocked_button_moves_to_everything_that_stands_in_its_way(scene, transactional_db, browser_page):
    acts.lock(scene)
    batch = acts.send(scene, by=scene.tom)
    enter(browser_page, "tom", f"/admin/erp/batch/{batch.pk}/change/")
    browser_page.focus("button:has-text('Accept')")
    browser_page.keyboard.press("Enter")
    focused = browser_page.evaluate("() => document.activeElement.textContent")
    assert "so somebody else accepts it: ask Jonas Lindqvist or Mira Osei." in focused


def test_keys_lead_through_the_queue_and_never_decide(scene, transactional_db, browser_page):
    first, second = acts.send(scene), another_batch(scene)
    page = browser_page
    enter(page, "mira", "/admin/erp/batch/?queue=waiting")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.wait_for_selector("text=1 of 2 selected")
    page.keyboard.press("o")
    page.wait_for_selector("h1:has-text('Quay Street')")
    page.keyboard.press("j")
    page.wait_for_selector("h1:has-text('Project 26-0310')")
    page.wait_for_function("() => document.activeElement.tagName === 'H1'")
    page.keyboard.press("k")
    page.wait_for_selector("h1:has-text('Quay Street')")
    page.keyboard.press("a")
    assert page.evaluate("() => document.activeElement.textContent") == "Accept"
    page.fill("#reason", "")
    page.focus("#reason")
    page.keyboard.type("ajkr?/")
    assert page.input_value("#reason") == "ajkr?/"
    page.focus("h1")
    page.keyboard.press("?")
    page.uncheck("#keys-on")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert f"/batch/{first.pk}/" in page.url
    assert set(Batch.objects.values_list("state", flat=True)) == {"waiting"}
    assert second.state == "waiting"


def test_a_remark_typed_on_one_page_of_lines_goes_along_with_the_rejection(
    scene, transactional_db, browser_page
):
    batch = acts.send(scene)
    page = browser_page
    enter(page, "mira", f"/admin/erp/batch/{batch.pk}/change/")
    row = page.locator("tr", has_text=f"{MAIN} 03-30-00 M")
    row.locator("summary").click()
    row.locator("textarea").fill("Is that ready-mix?")
    page.fill("#find", "09-68")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Remark on 26-0288 03-30-00 M, which is not shown now")
    page.select_option("#reason_code", "amounts")
    page.fill("textarea#reason", "Concrete is too high.")
    page.click("#reject-form button")
    page.wait_for_selector("text=Sent back. Dana Reyes reads your reason and remarks.")
    assert [remark.text for remark in batch.remarks.all()] == ["Is that ready-mix?"]


def test_several_are_accepted_without_javascript(scene, transactional_db, page_without_javascript):
    batch = acts.send(scene)
    page = page_without_javascript
    enter(page, "mira", "/admin/erp/batch/?queue=mine")
    page.check(".action-select")
    page.click("text=Accept selected")
    page.click("button:has-text('Accept 1')")
    page.wait_for_selector("h1:has-text('1 accepted.')")
    assert Batch.objects.get(pk=batch.pk).state == "accepted"


def test_the_erp_is_read_again_before_several_are_accepted(scene, transactional_db, browser_page):
    batch = acts.send(scene)
    page = browser_page
    enter(page, "mira", "/admin/erp/batch/?queue=mine")
    page.check(".action-select")
    page.click("text=Accept selected")
    page.click("text=Read the ERP again")
    page.wait_for_selector("text=The ERP is being read: 0 of 1 done")
    acts.read(scene)
    page.click("text=Show what was read")
    page.wait_for_selector("text=Accept 1 of 1 selected batch?")
    page.click("button:has-text('Accept 1')")
    page.wait_for_selector("h1:has-text('1 accepted.')")
    assert Batch.objects.get(pk=batch.pk).state == "accepted"


def test_the_description_of_the_api_is_read_under_the_policy(scene, transactional_db, browser_page):
    enter(browser_page, "mira", "/api/v1/docs/")
    browser_page.wait_for_selector("text=/api/v1/batches/{id}/accept/")


def test_several_are_decided_by_one_press_and_the_page_goes_on_by_itself(
    scene, transactional_db, narrow_page, monkeypatch
):
    monkeypatch.setattr("erp.decision.admin_bulk.PRESSED", 0.0)
    monkeypatch.setattr("erp.decision.admin_bulk.DECIDING", 0.0)
    batches = [acts.send(scene), *(another_batch(scene, f"26-05{n:02}") for n in range(3))]
    for batch in batches[1:]:
        read(batch)
    page = narrow_page
    enter(page, "mira", "/admin/erp/batch/")
    for box in page.locator("input[name=_selected_action]").all():
        box.check()
    page.click("button[value=accept_selected]")
    page.wait_for_selector("text=Accept 4 of 4 selected batches?")
    assert not scrolls_sideways(page)
    page.click("button:has-text('Accept 4')")
    page.wait_for_selector("h1:has-text('4 accepted.'):not(:has-text('still'))")
    assert not scrolls_sideways(page)
    assert {batch.state for batch in Batch.objects.all()} == {"accepted"}


def test_on_a_phone_a_cell_s_words_stay_beside_its_label_and_a_caption_takes_its_row(
    scene, transactional_db, open_page
):
    acts.reject(scene, acts.send(scene))
    acts.modify(scene, "Less", ((MAIN, "03-30-00", "M"), "-500.00"), ((MAIN, "03-30-00", "L"), "500.00"))
    batch, page = acts.send(scene), open_page(viewport={"width": 340, "height": 900})
    enter(page, "jonas", f"/admin/erp/batch/{batch.pk}/change/")
    caption = page.locator("#documents-since-title").bounding_box()
    assert caption["height"] < 40 and caption["width"] > 250
    cell = page.locator('table:has(#documents-since-title) td[data-label="Batch 2"]')
    lines = cell.locator("span.soft", has_text="2 lines").bounding_box()
    assert lines["x"] > cell.bounding_box()["x"] + 100
    assert not scrolls_sideways(page)
    acts.deliver(acts.accept(scene, batch))
    page.reload()
    known = page.locator('td[data-label="In CMiC"]', has_text="by the receipt").first
    assert known.locator("span").bounding_box()["x"] > known.bounding_box()["x"] + 100
