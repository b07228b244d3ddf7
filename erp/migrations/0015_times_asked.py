from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('erp', '0014_batch_attachments'),
    ]

    operations = [
        migrations.AddField(
            model_name='document',
            name='times_asked',
            field=models.PositiveIntegerField(default=0, help_text='since it was delivered, whether it is posted'),
        ),
    ]
