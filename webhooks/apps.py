from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Tells other programs what happened: follows a company's events and posts them, signed, in order."""

    name = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register this app's action."""
        from webhooks import actions  # noqa: F401  it needs the models
