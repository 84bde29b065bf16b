"""Accounts in the console; what other packages bring into the admin and nobody needs is taken out."""

from __future__ import annotations

import django_q.admin  # noqa: F401  (registers its pages, so that they can be taken out)
from django.contrib import admin
from django_q.models import Failure, OrmQ, Schedule, Success

# The queue only rings for operations. Its own pages would let an account run any Python function.
for model in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
