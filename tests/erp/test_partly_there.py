"""A document of which only some lines landed: how many, on the batch's page and before a link is reset."""

from __future__ import annotations

import pytest

from erp.models import DocumentState
from tests.erp.test_resetting import ask
from tests.erp.test_returning import accepted, ask_for_return
from tests.erp.test_waiting import page
from tests.support.delivery import finish, one
from tests.support.simulator import Simulator
from tests.support.story import Story

pytestmark = pytest.mark.django_db(transaction=True)


def half_there(simulator: Simulator) -> Story:
    """One of two lines is refused, because its category is no longer active."""
    story = accepted(simulator, status="I")
    simulator.accountant("set_active", company="001", category="4000", active=False)
    finish(story)
    assert one().state == DocumentState.REFUSED
    return story


def test_the_lines_that_landed_are_counted_on_the_batchs_page_and_at_a_reset(brisk_cmic: Simulator):
    story = half_there(brisk_cmic)
    assert [len(item["lines"]) for item in brisk_cmic.book()["pcis"]] == [1]
    address = f"/admin/erp/batch/{one().batch_id}/change/"
    shown = page(story.mira, address)
    assert "0 of 1 document in CMiC, 1 partly there" in shown
    assert '>partly there <span class="soft">1 of 2 lines by the calls</span>' in shown
    ask(story)
    reset = page(
        story.jonas, f"/admin/erp/connection/{story.connection.pk}/projects/{story.project.pk}/reset/"
    )
    assert "refused, 1 of 2 lines there" in reset
    ask_for_return(story)
    finish(story)
    shown = page(story.mira, address)
    assert "1 of 2 lines" not in shown and "1 taken back" in shown
