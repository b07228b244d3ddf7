"""People read the name of their own company's ERP, whichever it is."""

import re
from pathlib import Path

import pytest
from django.test import Client

from erp.backends import forget_backends
from erp.queue import listing as queue
from tests.support import paper
from tests.support import scene as stage

ROOT = Path(__file__).parents[2]
FLOORS = ("budgets", "erp", "projects", "templates", "webhooks", "workflow")
READ = {".py", ".html", ".txt"}


class Ledger(paper.PaperErp):
    """The same paper under another letterhead."""

    name = "Ledger"


@pytest.fixture
def on_ledger(scene, settings):
    settings.ERP_BACKENDS = {"paper": {"BACKEND": f"{__name__}.Ledger"}}
    forget_backends()
    return scene


def window(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def words(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return re.sub(r"\s+", " ", answer.content.decode())


def test_nothing_below_the_adapters_names_one_erp():
    named = [
        f"{path.relative_to(ROOT)}:{number}"
        for floor in FLOORS
        for path in sorted((ROOT / floor).rglob("*"))
        if path.suffix in READ
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if "CMiC" in line
    ]
    assert named == []


def test_a_company_on_another_erp_reads_its_name_on_every_page(on_ledger):
    scene = on_ledger
    stage.lock(scene)
    dana, mira, jonas = window(scene.dana), window(scene.mira), window(scene.jonas)
    budget = f"/projects/{scene.project.pk}/budget/"
    assert "at the rate Ledger allows" in words(dana, f"{budget}send/")
    batch = stage.send(scene)
    desk = f"/admin/erp/batch/{batch.pk}/change/"
    assert "Ledger was read" in words(mira, desk)
    stage.accept(scene, batch)
    stage.deliver(batch)
    pages = {
        "In Ledger, waiting for posting": words(mira, "/admin/erp/batch/?queue=all"),
        "1 of 1 document in Ledger": words(mira, desk),
        "Number in Ledger": words(mira, f"/admin/erp/batch/{batch.pk}/posting-list/"),
        "All settings of the adapter for Ledger are at their defaults.": words(
            jonas, f"/admin/erp/connection/{scene.connection.pk}/change/"
        ),
        "In Ledger, not posted": words(dana, f"{budget}batches/{batch.number}/"),
        "<dt>In Ledger</dt>": words(dana, budget),
        "Ledger, waiting for posting": words(dana, "/"),
    }
    for said, page in pages.items():
        assert said in page
        assert "CMiC" not in page


def test_whoever_sees_companies_on_two_erps_reads_a_word_for_both(on_ledger, settings):
    scene = on_ledger
    both = [scene.mira.memberships.get(), scene.olga.memberships.get()]
    assert "In Ledger, not posted" in [shelf.label for shelf in queue.shelves(both)]
    settings.ERP_BACKENDS |= {"other": paper.BACKENDS["paper"]}
    both[1].company.erp_connection.alias = "other"
    assert "In the ERP, not posted" in [shelf.label for shelf in queue.shelves(both)]


def test_a_connection_whose_backend_is_not_configured_any_more_can_still_be_looked_at(on_ledger, settings):
    settings.ERP_BACKENDS = {}
    page = words(window(on_ledger.jonas), f"/admin/erp/connection/{on_ledger.connection.pk}/change/")
    assert "All settings of the adapter for the ERP are at their defaults." in page
