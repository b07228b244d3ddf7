from django.apps import AppConfig


class BudgetsConfig(AppConfig):
    """The Budget tool: lines, modifications, lock, the budget page."""

    name = "budgets"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register this app's actions."""
        from budgets import actions  # noqa: F401  needs the models
