from django.apps import AppConfig


class ErpConfig(AppConfig):
    """The ERP Integrations tool: queue, decisions, delivery, posting, sync."""

    name = "erp"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register this app's actions, and listen to the Budget tool."""
        from erp import (  # noqa: F401  they need the models
            actions,
            connection_actions,
            explanation_actions,
            holds,
            reminder_actions,
            switching,
        )

        holds.listen()
