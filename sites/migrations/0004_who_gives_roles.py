"""Admins give roles and put tags on things."""

from django.contrib.auth.management import create_permissions
from django.db import migrations


def add_to_admin(apps, schema_editor):
    config = apps.get_app_config("sites")
    config.models_module = True  # permissions are otherwise made only after all migrations
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    admin, _ = apps.get_model("auth", "Group").objects.get_or_create(name="admin")
    admin.permissions.add(
        *apps.get_model("auth", "Permission").objects.filter(
            content_type__app_label="sites", codename__in=("manage_grant", "manage_tag")
        )
    )


class Migration(migrations.Migration):
    dependencies = [
        ("sites", "0003_grants_and_tags"),
        ("provisioning", "0002_roles"),
    ]
    operations = [migrations.RunPython(add_to_admin, migrations.RunPython.noop)]
