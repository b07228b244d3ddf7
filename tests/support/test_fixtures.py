"""The fixtures that all other tests lean on do what they say."""


def test_the_simulator_holds_what_it_was_seeded_with_and_forgets_it_on_reset(simulator):
    simulator.seed({"companies": [{"code": "001"}]})
    assert [company["code"] for company in simulator.book()["companies"]] == ["001"]
    simulator.reset()
    assert simulator.book().get("companies", []) == []


def test_a_fault_happens_as_often_as_asked(cmic, settings):
    cmic.fault("503_html", times=2)
    options = settings.ERP_BACKENDS["cmic"]["OPTIONS"]
    login = (options["username"], options["password"])
    codes = [cmic.http.get(f"{options['base_url']}/rest/version", auth=login).status_code for _ in range(3)]
    assert codes[:2] == [503, 503]
    assert codes[2] != 503
    assert [entry["status"] for entry in cmic.journal()][:2] == [503, 503]


def test_a_browser_sees_the_live_server_and_its_database(browser_page, django_user_model):
    django_user_model.objects.create_user("dana", password="a long password")
    browser_page.goto("/readyz")
    assert "unreachable" not in browser_page.content()
    assert django_user_model.objects.get().username == "dana"


def test_a_page_without_javascript_runs_none(page_without_javascript):
    page_without_javascript.set_content("<p id=p>still</p><script>p.textContent = 'moved'</script>")
    assert page_without_javascript.text_content("#p") == "still"


def test_a_worker_runs_what_another_process_asks_for_and_dies_when_killed(celery_worker_process):
    from config.celery import app

    worker = celery_worker_process()
    app.send_task("erp.tasks.sweep")
    worker.wait_for("erp.tasks.sweep")
    worker.kill()
    assert worker.process.returncode == -9
