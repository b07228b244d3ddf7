"""`make run`: everything Tieback consists of, on this machine, with the demo company."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress

from embedded.children import Child, Children, Stopped, raise_on_signals, stop_leftovers
from embedded.console import say, step
from embedded.installation import ROOT, Installation
from embedded.processes import StartError, die_with_parent


def run(installation: Installation) -> None:
    """Start everything, say where it is, and keep it running until somebody stops it."""
    began = time.monotonic()
    web_port, cmic_port = port("WEB_PORT", 8000), port("CMIC_PORT", 8090)
    installation.prepare()
    raise_on_signals()
    with ExitStack() as cleanup:
        cleanup.enter_context(installation.only_one())
        refuse_half_made(installation)
        stop_leftovers(installation)
        env = installation.environment(web_port=web_port)
        simulated = not env.get("CMIC_BASE_URL")
        require_free("WEB_PORT", web_port)
        if simulated:
            require_free("CMIC_PORT", cmic_port)
            env |= simulator_environment(cmic_port)
        say("Starting Tieback (Ctrl-C stops it)")
        try:
            start_services(installation, env, cleanup)
            children = Children(installation, env)
            cleanup.callback(children.stop, patience=6)
            start(children, web_port=web_port, cmic_port=cmic_port, simulated=simulated)
            welcome(children, web_port=web_port, simulated=simulated, seconds=time.monotonic() - began)
            children.watch()
        except Stopped:
            say("\nStopping ...")
    say("Stopped. The data is kept; `make run` goes on with it, `make reset` deletes it.")


def services(installation: Installation) -> None:
    """Start PostgreSQL and Valkey only, print their addresses, and keep them until somebody stops them."""
    installation.prepare()
    raise_on_signals()
    with ExitStack() as cleanup:
        env: dict[str, str] = {}
        try:
            start_services(installation, env, cleanup)
            for name in ("DATABASE_URL", "REDIS_URL"):
                say(f"export {name}='{env[name]}'")
            say("Ctrl-C stops both.")
            while True:
                time.sleep(3600)
        except Stopped:
            say("\nStopping ...")


def here(installation: Installation, words: list[str]) -> int:
    """Run a command on the data of former runs with a run's settings; return its exit code.

    The servers of a run that goes on are used and left alone; without one they are started, and end with the command.
    """
    installation.prepare()
    raise_on_signals()
    with ExitStack() as cleanup:
        with suppress(StartError):  # a run holds it; else none may begin on servers that are about to stop
            cleanup.enter_context(installation.only_one())
        env = installation.environment(web_port=port("WEB_PORT", 8000))
        if not env.get("CMIC_BASE_URL"):
            env |= simulator_environment(port("CMIC_PORT", 8090))
        try:
            start_services(installation, env, cleanup)
            return subprocess.run(words, env=env, check=False, preexec_fn=die_with_parent(15)).returncode
        except Stopped:
            return 130


def reset(installation: Installation) -> None:
    """Delete the data of former runs, so that the next one starts afresh."""
    installation.prepare()
    with installation.only_one():
        stop_leftovers(installation)
        for server in (installation.postgres(), installation.valkey()):
            server.stop()
            if server.answers():
                raise StartError(
                    "PostgreSQL or Valkey is in use by `python -m embedded services`. Stop that first."
                )
        installation.forget()
    if os.environ.get("DATABASE_URL"):
        say("The database in DATABASE_URL is yours: it was not touched.")
    say("All data of the demo is deleted. `make run` starts afresh.")


def start_services(installation: Installation, env: dict[str, str], cleanup: ExitStack) -> None:
    """Start what the environment does not name, and name it there."""
    if not env.get("DATABASE_URL"):
        postgres = installation.postgres()
        cleanup.callback(postgres.stop)
        with step("PostgreSQL"):
            postgres.start()
        env["DATABASE_URL"] = postgres.url
    if not env.get("REDIS_URL"):
        valkey = installation.valkey()
        cleanup.callback(valkey.stop)
        with step("Valkey (Redis)"):
            valkey.start()
        env["REDIS_URL"] = valkey.url


def start(children: Children, *, web_port: int, cmic_port: int, simulated: bool) -> None:
    """Start the simulator, bring the database up to date, and start the processes of Tieback."""
    with step("CMiC simulator, database, static files" if simulated else "Database, static files"):
        # Three things that do not wait for each other.
        simulator = start_simulator(children, web_port, cmic_port) if simulated else None
        migrate = manage(children, "migrate", "--no-input")
        static = manage(children, "collectstatic", "--no-input", "--verbosity=0")
        children.finish(migrate)
        children.finish(static)
        if simulator is not None:
            children.wait_until(lambda: listens(cmic_port), simulator, patience=20)
    if simulated:
        with step("Demo company"):
            children.installation.seeding.touch()
            children.finish(manage(children, "seed_demo"))
            children.installation.seeding.unlink()
    with step("Web, worker, beat"):
        python = [sys.executable, "-m"]
        web = children.start("web", [*python, *gunicorn(web_port)])
        # Nobody to mingle with; a worker that asks around while Redis goes away waits for it and never ends.
        alone = ("--without-gossip", "--without-mingle")
        children.start("worker", [*python, *celery("worker", "--concurrency=3", *alone)])
        schedule = f"--schedule={children.installation.var / 'beat-schedule'}"
        children.start("beat", [*python, *celery("beat", schedule, "--pidfile=")])
        children.wait_until(lambda: answers(f"http://127.0.0.1:{web_port}/readyz"), web, patience=30)


def start_simulator(children: Children, web_port: int, cmic_port: int) -> Child:
    """Start the stand-in for CMiC."""
    snapshot = children.installation.var / "cmic.json"
    command = [sys.executable, "-m", "cmic_simulator", "--port", str(cmic_port)]
    command += ["--snapshot", str(snapshot), "--app-url", f"http://127.0.0.1:{web_port}", "--quiet"]
    return children.start("simulator", command)


def manage(children: Children, command: str, *options: str) -> Child:
    """Start one of Django's management commands."""
    return children.start(command, [sys.executable, "manage.py", command, *options])


def gunicorn(web_port: int) -> list[str]:
    """Return the command of the web server."""
    return [
        "gunicorn",
        "config.wsgi:application",
        f"--bind=127.0.0.1:{web_port}",
        "--worker-class=gthread",
        "--workers=2",
        "--threads=4",
        "--graceful-timeout=5",
        "--no-control-socket",  # it would lie in the person's home folder and be shared by all gunicorns
    ]


def celery(kind: str, *options: str) -> list[str]:
    """Return the command of one Celery process."""
    return ["celery", "--app=config.celery", kind, "--loglevel=INFO", *options]


def welcome(children: Children, *, web_port: int, simulated: bool, seconds: float) -> None:
    """Say where Tieback is, who may log in, and what to try first."""
    say(f"\nTieback is ready after {seconds:.1f} s:  http://127.0.0.1:{web_port}/\n")
    if not simulated:
        say("Make your first login with: manage.py createsuperuser")
        return
    say(f"The accountant's desk of the CMiC simulator:  {children.env['CMIC_DESK_URL']}")
    say(said_by(children, "seed_demo", "--logins"))


def said_by(children: Children, command: str, *options: str) -> str:
    """Return what a management command prints."""
    words = [sys.executable, "manage.py", command, *options]
    done = subprocess.run(words, cwd=ROOT, env=children.env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StartError(f"{command} {' '.join(options)} failed (exit {done.returncode}).\n{done.stderr}")
    return done.stdout


def simulator_environment(cmic_port: int) -> dict[str, str]:
    """Return the settings with which Tieback finds the simulator and logs in there."""
    return {
        "CMIC_BASE_URL": f"http://127.0.0.1:{cmic_port}/cmictest",
        "CMIC_USERNAME": "ACME||TIEBACK",
        "CMIC_PASSWORD": "secret",
        "CMIC_DESK_URL": f"http://127.0.0.1:{cmic_port}/desk",
        "CMIC_IS_TEST": "1",
    }


def refuse_half_made(installation: Installation) -> None:
    """Raise StartError where making the demo data was cut off before."""
    if installation.seeding.exists():
        raise StartError(
            "The demo data is only half made: making it failed or was cut off. "
            "Start afresh with `make reset`, then `make run`."
        )


def port(name: str, default: int) -> int:
    """Return the port in the environment variable, or the default."""
    value = os.environ.get(name) or str(default)
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65536:
        raise StartError(f"{name} must be a port from 1 to 65535, not {value!r}.")
    return int(value)


def require_free(name: str, number: int) -> None:
    """Raise StartError where another program listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError as error:
            raise StartError(
                f"Port {number} cannot be used ({error.strerror}). "
                f"Choose another one, for example: {name}={number + 1} make run"
            ) from None


def listens(number: int) -> bool:
    """Return whether something accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", number)) == 0


def answers(url: str) -> bool:
    """Return whether the address answers with success."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own http address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
