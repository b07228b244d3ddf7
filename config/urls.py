"""Which address leads where."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView, PasswordResetConfirmView
from django.urls import include, path, reverse_lazy

import budgets.urls
import erp.urls
from config import doors, health

admin.site.site_header = "Tieback"
admin.site.site_title = "Tieback"
admin.site.index_title = "Administration"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("healthz/erp", health.healthz_erp, name="healthz_erp"),
    path("readyz", health.readyz, name="readyz"),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path(
        "set-password/<uidb64>/<token>/",
        PasswordResetConfirmView.as_view(
            template_name="registration/set_password.html", success_url=reverse_lazy("login")
        ),
        name="set_password",
    ),
    # One login page and one logout for everybody, the admin included.
    path("admin/login/", doors.admin_login),
    path("admin/logout/", LogoutView.as_view()),
    path("admin/", admin.site.urls),
    path("notices/", include("erp.mail.urls")),
    path("api/v1/", include("config.api_urls")),
    path("", include((budgets.urls.project_urls, "projects"))),
    # One namespace for the budget's pages, although two apps bring them: only here may both be named.
    path("", include(([*budgets.urls.urlpatterns, *erp.urls.urlpatterns], "budgets"))),
]
