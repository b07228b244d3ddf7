from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Companies, projects, jobs, codes and people."""

    name = "projects"
    default_auto_field = "django.db.models.BigAutoField"
