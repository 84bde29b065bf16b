"""Accounts and roles in the console; pages that other packages bring along are taken out."""

from __future__ import annotations

import django.contrib.auth.admin  # noqa: F401  (registers its pages, so that they can be taken out)
import django_q.admin  # noqa: F401
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django_q.models import Failure, OrmQ, Schedule, Success

# The queue only rings for operations. Its own pages would let an account run any Python function.
for model in (Failure, OrmQ, Schedule, Success, User, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

from siteflow.admin import (  # noqa: E402, F401  (they register themselves)
    alert_rules,
    alerts,
    channels,
    deliveries,
    groups,
    maintenance,
    users,
)
