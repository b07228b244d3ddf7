"""What an ERP admin may do about the people of a company, each declared once. The services are in `services`."""

from __future__ import annotations

from erp.people.blockers import last_erp_admin, works_elsewhere, your_own_login
from erp.rights import may_administer
from projects.models import Company
from workflow.actions import Action, register

register(
    Action(name="change_people", model=Company, label="Save", permission=may_administer, tone="primary"),
    Action(
        name="take_admin_right",
        model=Company,
        label="Take the admin level away",
        permission=may_administer,
        problems=(last_erp_admin,),
        tone="danger",
    ),
    Action(
        name="lock_login",
        model=Company,
        label="Lock the login",
        permission=may_administer,
        problems=(your_own_login, works_elsewhere, last_erp_admin),
        tone="danger",
    ),
)
