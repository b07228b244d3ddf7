"""An ERP admin moves a company to another ERP on the connection's page."""

import re

import pytest

from erp.backends import forget_backends
from tests.support import paper
from tests.support import scene as stage

SECOND = {"other": {"BACKEND": "tests.erp.test_erp_is_named.Ledger"}}


@pytest.fixture
def two_erps(scene, settings):
    settings.ERP_BACKENDS = paper.BACKENDS | SECOND
    forget_backends()
    return scene


def url(scene, rest: str = "change/") -> str:
    return f"/admin/erp/connection/{scene.connection.pk}/{rest}"


def page(client, scene) -> str:
    return re.sub(r"\s+", " ", client.get(url(scene)).content.decode())


def test_jonas_moves_the_company_and_reads_what_comes_next(two_erps, desk):
    client = desk(two_erps.jonas)
    assert '<option value="other">Ledger</option>' in page(client, two_erps)
    answer = client.post(
        url(two_erps, "do/switch_erp/"), {"alias": "other", "erp_company": "77"}, follow=True
    )
    said = re.sub(r"\s+", " ", answer.content.decode())
    assert "The company was moved. Verify the connection, then read everything" in said
    assert 'company <span class="code">77</span> in Ledger' in said
    assert "Jonas Lindqvist moved the company here from CMiC: verify it, then read everything." in said
    two_erps.connection.refresh_from_db()
    assert (two_erps.connection.alias, two_erps.connection.erp_company) == ("other", "77")


def test_a_wrong_choice_is_told_at_its_field_and_keeps_what_was_typed(two_erps, desk):
    two_erps.connection.options = {"status_ready": "APPR"}
    two_erps.connection.save()
    answer = desk(two_erps.jonas).post(
        url(two_erps, "do/switch_erp/"), {"alias": "other", "erp_company": "9" * 9}
    )
    said = answer.content.decode()
    assert answer.status_code == 422
    assert "at most 8 characters" in said and 'value="999999999"' in said
    assert "status_ready" in said, "the settings are shown as they are kept"


def test_documents_under_way_keep_the_company_where_it_is(two_erps, desk):
    stage.lock(two_erps)
    stage.accept(two_erps, stage.send(two_erps))
    client = desk(two_erps.jonas)
    assert "Under way in CMiC: batch 1 of Quay Street." in page(client, two_erps)
    answer = client.post(url(two_erps, "do/switch_erp/"), {"alias": "other", "erp_company": "001"})
    assert answer.status_code == 409
    two_erps.connection.refresh_from_db()
    assert two_erps.connection.alias == "paper"


def test_with_one_erp_alone_there_is_nothing_to_choose(scene, desk):
    said = page(desk(scene.jonas), scene)
    assert "No other ERP is configured." in said
    assert 'name="alias"' not in said
