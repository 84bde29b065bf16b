"""Makes the tables append-only and starts the chain."""

from django.db import migrations

from audit import guard


def start(apps, schema_editor):
    apps.get_model("audit", "Head").objects.using(schema_editor.connection.alias).create()
    guard.install(schema_editor.connection)


def undo(apps, schema_editor):
    guard.remove(schema_editor.connection)
    apps.get_model("audit", "Head").objects.using(schema_editor.connection.alias).all().delete()


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunPython(start, undo)]
