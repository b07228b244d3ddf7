"""Addresses of this app. Those of one budget carry the project's id."""

from django.urls import path

from budgets import api

BUDGET = "budgets/<int:project_id>/"

urlpatterns = [
    path("projects/", api.Projects.as_view(), name="api-projects"),
    path("projects/<int:pk>/", api.OneProject.as_view(), name="api-project"),
    path(BUDGET, api.OneBudget.as_view(), name="api-budget"),
    path(f"{BUDGET}lock/", api.Lock.as_view(), name="api-lock"),
    path(f"{BUDGET}unlock/", api.Unlock.as_view(), name="api-unlock"),
    path(f"{BUDGET}lines/", api.Lines.as_view(), name="api-lines"),
    path(f"{BUDGET}lines/<int:pk>/", api.OneLine.as_view(), name="api-line"),
    path(f"{BUDGET}modifications/", api.Modifications.as_view(), name="api-modifications"),
    path(f"{BUDGET}modifications/<int:pk>/", api.OneModification.as_view(), name="api-modification"),
    path(
        f"{BUDGET}modifications/<int:pk>/make-effective/",
        api.MakeEffective.as_view(),
        name="api-make-effective",
    ),
    path(f"{BUDGET}modifications/<int:pk>/void/", api.Void.as_view(), name="api-void"),
]
