"""Addresses are sealed where they stand, and no row of before keeps one in plain."""

from django.db import migrations, models

from webhooks import sealing


def seal(apps, schema_editor):
    """Seal each address. The plain one is written over: a dropped column alone stays in the file of the table."""
    for endpoint in apps.get_model("webhooks", "Endpoint").objects.order_by("pk"):
        sealing.seal(endpoint, endpoint.url)
        endpoint.url = ""
        endpoint.save(update_fields=["url", "sealed", "mark", "place"])


def open_again(apps, schema_editor):
    """Write each address back in plain. One whose key is gone cannot be: its place stands there, which leads nowhere."""
    for endpoint in apps.get_model("webhooks", "Endpoint").objects.order_by("pk"):
        address = sealing.address_of(endpoint)
        endpoint.url, endpoint.active = address or endpoint.place[:500], endpoint.active and address is not None
        endpoint.save(update_fields=["url", "active"])


ONCE = "webhook_address_once_per_company"


class Migration(migrations.Migration):

    dependencies = [
        ('webhooks', '0001_endpoints_and_log'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='endpoint', name=ONCE),
        migrations.AddField(
            model_name='endpoint',
            name='sealed',
            field=models.TextField(default='', help_text='its address, encrypted'),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='endpoint',
            name='mark',
            field=models.CharField(default='', help_text='of the address: the same one is not added twice', max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='endpoint',
            name='place',
            field=models.CharField(default='', help_text='the address as pages show it, without its path', max_length=520),
            preserve_default=False,
        ),
        migrations.AlterField(model_name='endpoint', name='url', field=models.CharField(default='', max_length=500)),
        migrations.RunPython(seal, open_again),
        migrations.RemoveField(model_name='endpoint', name='url'),
        migrations.AddConstraint(
            model_name='endpoint',
            constraint=models.UniqueConstraint(fields=('company', 'mark'), name=ONCE),
        ),
    ]
