"""Documents that were confirmed by hand before words were watched: each gets its word, and is asked about again."""

from django.db import migrations
from django.utils import timezone


def watch(apps, schema_editor):
    Document, Confirmation = apps.get_model("erp", "Document"), apps.get_model("erp", "Confirmation")
    given = Document.objects.filter(state="posted", confirmed_by__isnull=False, by_hand=None)
    for document in given.iterator():
        Confirmation.objects.create(
            document=document,
            confirmed_by_id=document.confirmed_by_id,
            confirmed_at=document.posted_at,
            note=document.posting.get("confirmed_by_hand", ""),
            state_since=document.posted_at,
        )
    given.model.objects.filter(by_hand__state="watched", poll_at=None).update(poll_at=timezone.now())


class Migration(migrations.Migration):

    dependencies = [
        ('erp', '0010_reminders_and_words'),
    ]

    operations = [
        migrations.RunPython(watch, migrations.RunPython.noop, elidable=True),
    ]
