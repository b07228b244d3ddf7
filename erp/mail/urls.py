"""The page of a person's own mails."""

from django.urls import path

from erp.mail import views as notice_views

urlpatterns = [
    path("", notice_views.page, name="notices"),
    path("choose/", notice_views.choose, name="notices_choose"),
    path("test/", notice_views.test, name="notices_test"),
]
