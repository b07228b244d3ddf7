from django.apps import AppConfig


class ErpConfig(AppConfig):
    """The ERP Integrations tool: queue, decisions, delivery, posting, sync."""

    name = "erp"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register this app's actions and what it knows about lines, and listen to the Budget tool."""
        # Imported here because they need the models; most of them register actions and are not called.
        from budgets import facts
        from budgets.pulse import register as watch
        from erp import actions, holds, line_facts, pulse  # noqa: F401
        from erp.approval import delegations, settings_actions  # noqa: F401
        from erp.health import heartbeat
        from erp.mail import actions as mail_actions  # noqa: F401
        from erp.mail import request_notices
        from erp.people import access_review  # noqa: F401
        from erp.people import actions as people_actions  # noqa: F401
        from erp.posting import reminder_actions  # noqa: F401
        from erp.reconciliation import actions as reconciliation_actions  # noqa: F401
        from erp.refusals import explanation_actions  # noqa: F401
        from erp.reset import actions as reset_actions  # noqa: F401
        from erp.setup import (  # noqa: F401
            connecting_actions,
            connection_actions,
            settings_services,
            switching,
            trial_actions,
        )
        from erp.sync import actions as sync_actions  # noqa: F401

        facts.register(line_facts.SOURCE)
        watch(pulse.part)
        holds.listen()
        heartbeat.listen()
        request_notices.listen()
