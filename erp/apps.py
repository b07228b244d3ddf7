from django.apps import AppConfig


class ErpConfig(AppConfig):
    """The ERP Integrations tool: queue, decisions, delivery, posting, sync."""

    name = "erp"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register this app's actions."""
        from erp import actions  # noqa: F401, PLC0415  needs the models
