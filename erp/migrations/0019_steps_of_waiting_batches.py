"""Batches that wait already get the one step they were sent with: anybody who may push to accounting."""

from django.db import migrations


def one_step(apps, schema_editor):
    batches = apps.get_model("erp", "Batch").objects.filter(state="waiting", steps=None)
    step = apps.get_model("erp", "BatchStep")
    step.objects.bulk_create(
        step(batch_id=key, position=1, name="Accounting", anybody=True)
        for key in batches.values_list("pk", flat=True)
    )


class Migration(migrations.Migration):
    dependencies = [("erp", "0018_approval_steps")]

    operations = [migrations.RunPython(one_step, migrations.RunPython.noop)]
