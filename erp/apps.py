from django.apps import AppConfig


class ErpConfig(AppConfig):
    """The ERP Integrations tool: queue, decisions, delivery, posting, sync."""

    name = "erp"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register this app's actions and what it knows about lines, and listen to the Budget tool."""
        from budgets import facts
        from budgets.pulse import register as watch
        from erp import (  # noqa: F401  they need the models
            access_review,
            actions,
            approval_settings,
            connection_actions,
            delegations,
            explanation_actions,
            heartbeat,
            holds,
            line_facts,
            mail_actions,
            people_blockers,
            pulse,
            reconciliation_actions,
            reminder_actions,
            request_notices,
            reset_actions,
            settings_services,
            setup_actions,
            switching,
            sync_actions,
            trial_actions,
        )

        facts.register(line_facts.SOURCE)
        watch(pulse.part)
        holds.listen()
        heartbeat.listen()
        request_notices.listen()
