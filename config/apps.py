"""The house itself as an app, so that whatever starts Django also has its Celery application."""

from django.apps import AppConfig


class HouseConfig(AppConfig):
    """Joins Celery to Django."""

    name = "config"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make this installation's Celery application the current one, or messages would go to a default broker."""
        from config import celery  # noqa: F401
