"""The audit's API alone, with the session as login, so that its tests need no other app."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from ninja import NinjaAPI
from ninja.security import django_auth

from audit.api import router
from audit.paging import PageTooDeepError

api = NinjaAPI(auth=django_auth, urls_namespace="audit-tests", docs_url=None)
api.add_router("/audit", router)


@api.exception_handler(PageTooDeepError)
def too_deep(request: HttpRequest, error: PageTooDeepError) -> HttpResponse:
    return JsonResponse({"code": error.code, "message": error.message}, status=error.status)


urlpatterns = [path("api/", api.urls)]
