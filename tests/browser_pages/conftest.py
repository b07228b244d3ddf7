"""A person at the pages of the scene's project."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from budgets.models import BudgetLine
from tests.support.scene import MAIN, Scene
from workflow.submissions import new_id


@dataclass
class Desk:
    """Every form is sent as a browser would send it."""

    scene: Scene
    client: Client = field(default_factory=Client)

    @property
    def concrete(self) -> BudgetLine:
        """A line of 40,000.00."""
        return self.scene.lines[MAIN, "03-30-00", "M"]

    @property
    def labor(self) -> BudgetLine:
        """A line of 15,000.00."""
        return self.scene.lines[MAIN, "03-30-00", "L"]

    def log_in(self, user: Any) -> "Desk":
        """Sit somebody down."""
        self.client.force_login(user)
        return self

    def url(self, name: str, *args: Any) -> str:
        """The address of one of this budget's pages."""
        return reverse(f"budgets:{name}", args=[self.scene.project.pk, *args])

    def get(self, name: str, *args: Any, **query: Any) -> Any:
        """Open a page."""
        return self.client.get(self.url(name, *args), query)

    def send(self, name: str, /, *args: Any, **values: Any) -> Any:
        """Send a form."""
        return self.client.post(self.url(name, *args), {"submission": new_id(), **values})

    def line_form(self, line: BudgetLine, **changed: Any) -> dict[str, Any]:
        """A line's form as the page filled it in, with what the person changed."""
        return {
            "version": line.version,
            "job": line.job.code,
            "cost_code": line.code,
            "cost_type": line.type,
            "description": line.description,
            "quantity": "",
            "unit": "",
            "unit_cost": "",
            "amount": str(line.amount),
            **changed,
        }


@pytest.fixture
def desk(scene: Scene) -> Desk:
    """Dana before a draft of 92,500.75."""
    return Desk(scene).log_in(scene.dana)


def words(response: Any) -> str:
    """The text of a page, with its white space folded."""
    return " ".join(response.content.decode().split())
