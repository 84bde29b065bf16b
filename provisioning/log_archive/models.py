from __future__ import annotations

import base64
import uuid
import zlib
from typing import Final

from django.db import models

from sites.encryption import decrypt, encrypt
from sites.rights import Viewer, reach

MAX_TEXT_BYTES: Final = 16 * 1024 * 1024  # of one, unpacked; far more than is ever kept


class LogArchiveQuerySet(models.QuerySet["LogArchive"]):
    def visible_to(self, user: Viewer) -> LogArchiveQuerySet:
        """Whoever sees containers there; of a site that is gone, whoever sees all of the host's."""
        return self.filter(
            reach(user, "sites.view_container").within(host="host_id", site="site_id")
        )


class LogArchive(models.Model):
    """The end of the log of a container that is no more, or of a site's proxy at that time.

    It may hold what nobody meant to write there, so it is kept as secrets are.
    """

    class Kind(models.TextChoices):
        CONTAINER = "container"
        PROXY = "proxy"

    # Known before the row is saved, so that what is sealed can be bound to it.
    seal_id = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    kind = models.CharField(max_length=9, choices=Kind)
    host = models.ForeignKey("sites.Host", on_delete=models.CASCADE, related_name="+")
    site = models.ForeignKey(
        "sites.Site", on_delete=models.SET_NULL, null=True, related_name="log_archives"
    )
    site_name = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=255)  # of the container, or the domain
    docker_id = models.CharField(max_length=255, blank=True)
    release = models.PositiveIntegerField(null=True)  # that it ran
    operation = models.ForeignKey(
        "provisioning.Operation", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    lines = models.PositiveIntegerField()
    is_whole = models.BooleanField(default=True)  # nothing was left out at its beginning
    size_bytes = models.PositiveIntegerField()  # as it is stored
    first_at = models.CharField(max_length=40, blank=True)
    last_at = models.CharField(max_length=40, blank=True)
    encrypted = models.TextField(editable=False)
    created_at = models.DateTimeField()

    objects = LogArchiveQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["operation", "kind", "name", "docker_id"], name="log_once_per_operation"
            )
        ]

    def __str__(self) -> str:
        return f"log of {self.name}"

    @property
    def place(self) -> tuple[int | None, int | None]:
        return self.host_id, self.site_id

    @property
    def _context(self) -> str:
        return f"provisioning_logarchive:{self.seal_id}:encrypted"

    def seal(self, text: str) -> None:
        packed = base64.b64encode(zlib.compress(text.encode(), 6)).decode("ascii")
        self.encrypted = encrypt(packed, context=self._context)
        self.size_bytes = len(self.encrypted)

    def reveal(self) -> str:
        """What `seal` was given; raises CannotDecrypt."""
        packed = base64.b64decode(decrypt(self.encrypted, context=self._context))
        return zlib.decompressobj().decompress(packed, MAX_TEXT_BYTES).decode()
