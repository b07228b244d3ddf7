"""What somebody changed in CMiC is told on the page to decide, as long as it is so and to every approver."""

from decimal import Decimal

import pytest

from erp.port import ErpKey
from tests.support import drift as paper
from tests.support import scene as acts
from tests.support.scene import MAIN, SUB

LABOR, READY_MIX = (MAIN, "03-30-00", "L"), (MAIN, "03-30-00", "M")


def read(client, batch, **query):
    answer = client.get(f"/admin/erp/batch/{batch.pk}/change/", query)
    return answer, " ".join(answer.content.decode().split())


def mark(page: str, code: str) -> str:
    """What stands beside the amount after posting of a code of ours."""
    row = page.split(f'<th scope="row" class="code">{code}</th>')[1].split("</tr>")[0]
    return row.split('data-label="After posting" class="figure-cell">')[1].split("</td>")[0]


def test_a_line_that_ends_otherwise_than_sent_is_marked_for_every_approver_and_counted(scene, desk):
    scene.sheet.hold(MAIN, "03-30-00", "1000", "15000.00", current="11800.00")
    scene.sheet.hold(MAIN, "03-30-00", "2000", "39000.00", current="39000.50")
    scene.sheet.hold(MAIN, "09-68-00", "4000", "12500.50")
    batch = acts.send(scene)
    for person in (scene.mira, scene.jonas, scene.ruth):
        answer, page = read(desk(person), batch)
        assert "2 lines end with another amount in CMiC than was sent</strong>" in page
        assert "(3,199.50)</span> in all: somebody changed them there" in page
        assert 'ends <span class="number">3,200.00</span> lower than sent' in mark(page, f"{MAIN} 03-30-00 L")
        assert 'ends <span class="number">0.50</span> higher than sent' in mark(page, f"{MAIN} 03-30-00 M")
        assert page.count("than sent</span>") == 2
        (item,) = answer.context["decision"].items
        assert not any(row.off for row in item.unchanged)  # nothing of it is folded away
        for row in (
            row for item in answer.context["decision"].items for row in (*item.rows, *item.unchanged)
        ):
            assert row.after - row.sent == row.off
    scene.sheet.hold(MAIN, "03-30-00", "1000", "15000.00")
    scene.sheet.hold(MAIN, "03-30-00", "2000", "39000.00")
    acts.read(scene)
    _, page = read(desk(scene.jonas), batch)
    assert "than was sent" not in page and "than sent" not in page


@pytest.fixture
def later(scene):
    """Posted, and a transfer of 5.00 waits."""
    paper.posted(scene)
    acts.modify(scene, "more", (LABOR, "5.00"), (READY_MIX, "-5.00"))
    return acts.send(scene)


def test_our_own_posted_modifications_are_no_other_amount(scene, desk, later):
    acts.deliver(acts.accept(scene, later))
    acts.post(later)
    scene.sheet.hold(MAIN, "03-30-00", "1000", "15005.00")
    scene.sheet.hold(MAIN, "03-30-00", "2000", "39995.00")
    acts.modify(scene, "again", (LABOR, "1.00"), (READY_MIX, "-1.00"))
    answer, page = read(desk(scene.mira), acts.send(scene))
    assert answer.context["decision"].off == {}
    assert "than sent" not in page


def test_a_modification_says_it_of_all_that_was_sent_until_the_difference_is_accepted(scene, desk, later):
    client = desk(scene.mira)
    seen = paper.edit(scene, "14000.00", ErpKey(MAIN, "03-30-00", "1000"))
    _, page = read(client, later)
    assert "1 line ends with another amount in CMiC than was sent</strong>" in page
    assert 'ends <span class="number">1,000.00</span> lower than sent in all' in mark(
        page, f"{MAIN} 03-30-00 L"
    )
    acts.reject(scene, later)
    paper.settle(scene, "accept", seen, note="It stays as it is there.")
    answer, page = read(client, acts.send(scene), against="erp")
    assert answer.context["decision"].off == {}


def test_several_lines_on_one_code_are_one_line_there_and_a_reading_before_the_posting_says_nothing(
    scene, desk
):
    scene.sheet.hold(SUB, "03-30-00", "2000", "5000.25", current="6000.25")
    batch = acts.send(scene)
    answer, _ = read(desk(scene.mira), batch)
    assert list(answer.context["decision"].off.values()) == [Decimal(1000)]
    acts.deliver(acts.accept(scene, batch))
    acts.post(batch)
    acts.modify(scene, "more", (LABOR, "5.00"), (READY_MIX, "-5.00"))
    answer, page = read(desk(scene.mira), acts.send(scene, read_it=False))
    assert answer.context["decision"].off == {}
