from django.conf import settings
from django.urls import include, path, re_path
from django.views.static import serve
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as admin_urls
from wagtail.documents import urls as document_urls

from website.home.health import health

urlpatterns = [
    path("health/", health),
    path("admin/", include(admin_urls)),
    path("documents/", include(document_urls)),
    # Pictures are few and named anew when they change; a proxy in front may keep them.
    re_path(r"^media/(?P<path>images/.*)$", serve, {"document_root": settings.MEDIA_ROOT}),
    path("", include(wagtail_urls)),
]
