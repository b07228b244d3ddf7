from django.apps import AppConfig


class WorkflowConfig(AppConfig):
    """How any action works: blockers, actions, events."""

    name = "workflow"
    default_auto_field = "django.db.models.BigAutoField"
