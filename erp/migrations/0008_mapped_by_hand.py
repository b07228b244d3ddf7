"""A code that leads to a code of another name was matched by somebody: it becomes a row of the table."""

from django.db import migrations

TO_THE_TABLE = """
UPDATE erp_costcodelink link SET means = 'table'
FROM projects_costcode ours, erp_erpcostcode theirs
WHERE ours.id = link.cost_code_id AND theirs.id = link.erp_cost_code_id AND ours.code <> theirs.code
"""


class Migration(migrations.Migration):
    dependencies = [("erp", "0007_mapping")]

    operations = [migrations.RunSQL(TO_THE_TABLE, migrations.RunSQL.noop)]
