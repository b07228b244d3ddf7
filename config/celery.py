"""The Celery application. PostgreSQL is the queue of record; Celery only rings the bell."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("tieback")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
