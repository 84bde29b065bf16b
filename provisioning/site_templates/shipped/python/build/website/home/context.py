from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, str]:
    return {"site_title": settings.WAGTAIL_SITE_NAME, "language": settings.LANGUAGE_CODE}
