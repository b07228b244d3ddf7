"""Who may set webhooks up: the company's ERP admins, as with everything about its connection."""

from __future__ import annotations

from erp.models import Connection
from erp.rights import may_administer
from workflow.actions import Action, register

register(
    Action(
        name="edit_webhooks",
        model=Connection,
        label="Save",
        permission=may_administer,
        tone="primary",
    ),
)
