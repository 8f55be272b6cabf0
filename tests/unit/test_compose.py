"""The containers' files, as far as they can be checked without a daemon."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from prometheus_client import CollectorRegistry
from sqlalchemy.engine import make_url

from sync_worker.cli.main import root
from sync_worker.config.settings import load_settings
from sync_worker.config.sources import SECRETS_DIR
from sync_worker.telemetry.health import Health, HealthReason, NotReady
from sync_worker.telemetry.http import HttpServer

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OFFICIAL = ("apache/kafka", "postgres", "sync-worker")
BUG = sorted(name for name, service in SERVICES.items() if "build" in service)
DATABASE = {"migrate", "roles", "support", "web", "worker"}
"""Those that log in to the database."""
HEALTHCHECK = ROOT / "deploy" / "healthcheck.py"
DIGEST = "(@sha256:[0-9a-f]{64})?"
"""What pins an image for good, once it is known: docs/decisions/0060."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NEXT_VERSION = re.search(r"^## (\S+),", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1]  # type: ignore[index]
VARIABLE = re.compile(r"\$\{(\w+)(:-([^}]*))?\}")


def given(value):
    """A value as it is where nothing is set: each variable's default."""
    return VARIABLE.sub(lambda found: found[3] or "", str(value))


def environment(service):
    return {name: given(value) for name, value in SERVICES[service].get("environment", {}).items()}


def secrets(service):
    """By the name of the file that a service sees, the secret that it is."""
    given = SERVICES[service].get("secrets", [])
    named = [each if isinstance(each, dict) else {"source": each, "target": each} for each in given]
    return {each["target"]: each["source"] for each in named}


def content(secret):
    """What a secret is where nothing is set."""
    return (ROOT / given(COMPOSE["secrets"][secret]["file"])).read_text().strip()


def loaded(service):
    """The settings of a service of ours, with its secrets."""
    folder = {name.upper(): content(secret) for name, secret in secrets(service).items()}
    settings = {k: v for k, v in environment(service).items() if k.startswith("SYNC_WORKER_")}
    return load_settings({k: v for k, v in settings.items() if k != SECRETS_DIR} | folder)


def instructions():
    """The Dockerfile's instructions, each as its name and the rest of its line."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in lines if line.strip()]


def final_stage():
    every = instructions()
    last = max(index for index, (name, _) in enumerate(every) if name == "FROM")
    return every[last:]


def copied():
    """What the Dockerfile copies from the project."""
    for name, arguments in instructions():
        if name == "COPY" and "--from=" not in arguments:
            yield from arguments.split()[:-1]


def locked(text):
    """The requirements of a lock file, each with its block."""
    blocks = re.split(r"^(?=[A-Za-z])", text, flags=re.MULTILINE)
    return {
        canonicalize_name(re.match(r"[\w.-]+", block)[0]): block  # type: ignore[index]
        for block in blocks
        if block.strip()
    }


# --- docker-compose.yml -------------------------------------------------------------------------


def test_worker_and_page_have_everything_that_they_need():
    assert set(SERVICES) == {"kafka", "postgres", "topics", *DATABASE}
    assert BUG == sorted({"topics", *DATABASE})


@pytest.mark.parametrize("service", SERVICES)
def test_images_are_official_and_pinned(service):
    name, _, tag = SERVICES[service]["image"].partition(":")
    assert name in OFFICIAL
    assert re.fullmatch(rf"\d+\.\d+[\w.-]*{DIGEST}", tag), f"{tag} may be another image tomorrow"


def test_our_image_has_the_version_of_the_changelog():
    assert {SERVICES[service]["image"] for service in BUG} == {f"sync-worker:{NEXT_VERSION}"}


def test_manifests_and_documents_name_the_image_of_that_version():
    example = ROOT / "deploy" / "kubernetes" / "example" / "kustomization.yaml"
    (image,) = yaml.safe_load(example.read_text())["images"]
    assert image["newTag"] == NEXT_VERSION
    built = f"VERSION={NEXT_VERSION} --tag {image['newName']}:{NEXT_VERSION} "
    assert built in (ROOT / "docs" / "deploying.md").read_text()


@pytest.mark.parametrize("service", BUG)
def test_settings_of_ours_exist_and_load_together(service):
    assert loaded(service).kafka_bootstrap_servers == "kafka:19092"
    assert (SECRETS_DIR in environment(service)) is (service in DATABASE)


def test_nobody_logs_in_as_another_or_the_superuser():
    urls = {secrets(service)[name] for service in DATABASE for name in secrets(service)}
    users = {make_url(content(secret)).username for secret in urls}
    assert len(users) == len(urls) == len(DATABASE) - 1, "the owner has two services"
    assert environment("postgres")["POSTGRES_USER"] not in users
    assert secrets("migrate") == secrets("roles")


def test_no_environment_and_no_command_line_has_a_secret():
    passwords = {content("postgres_password")}
    passwords |= {
        str(make_url(content(name)).password) for name in COMPOSE["secrets"] if "url" in name
    }
    shown = {key: service for key, service in COMPOSE.items() if key != "secrets"}
    assert passwords == {"development"}
    assert not any(password in json.dumps(shown) for password in passwords)


@pytest.mark.parametrize("service", BUG)
def test_nothing_but_settings_is_given_to_ours(service):
    others = {name for name in environment(service) if not name.startswith("SYNC_WORKER_")}
    assert others == ({"PGPORT"} if service == "web" else set())


def test_the_page_finds_the_database_at_the_published_port():
    """It shares the network of the machine, where the other services' names are not known."""
    url = make_url(content("web_database_url"))
    assert (url.host, url.port) == ("127.0.0.1", None)
    published = SERVICES["postgres"]["ports"][0]
    assert published == f"127.0.0.1:{SERVICES['web']['environment']['PGPORT']}:5432"


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_is_confined(service):
    limits = SERVICES[service]["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}
    assert SERVICES[service]["init"] is True
    assert SERVICES[service]["security_opt"] == ["no-new-privileges:true"]
    if service in BUG:
        assert SERVICES[service]["read_only"] is True
        assert SERVICES[service]["cap_drop"] == ["ALL"]


def test_a_heap_leaves_room_in_its_container():
    heap = re.search(r"-Xmx(\d+)m", environment("kafka")["KAFKA_HEAP_OPTS"])
    assert heap
    assert SERVICES["kafka"]["deploy"]["resources"]["limits"]["memory"] == "1G"
    assert int(heap[1]) <= 600


def test_every_secret_is_used_and_is_a_file():
    """A read-only container takes no secret that is not a file."""
    used = {secret for service in SERVICES for secret in secrets(service).values()}
    assert used == COMPOSE["secrets"].keys()
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())


@pytest.mark.parametrize("service", BUG)
def test_commands_of_ours_can_be_typed(service):
    words = SERVICES[service]["command"]
    with root.make_context("sync-worker", list(words)) as context:
        command: click.Command | None = root
        while isinstance(command, click.Group):
            _, command, words = command.resolve_command(context, list(words))
        assert command is not None
        command.make_context(command.name, list(words), parent=context)


def test_worker_and_page_start_when_all_they_need_is_there():
    assert SERVICES["worker"]["depends_on"] == {
        "kafka": {"condition": "service_healthy"},
        "postgres": {"condition": "service_healthy"},
        "roles": {"condition": "service_completed_successfully"},
        "topics": {"condition": "service_completed_successfully"},
    }
    assert SERVICES["web"]["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "roles": {"condition": "service_completed_successfully"},
    }
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert SERVICES["roles"]["depends_on"] == {
        "migrate": {"condition": "service_completed_successfully"}
    }
    assert SERVICES["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_waited_for_can_come_true(service):
    """Healthy needs a check, completed needs a service that ends and stays ended."""
    for name, how in SERVICES[service].get("depends_on", {}).items():
        needed = SERVICES[name]
        if how["condition"] == "service_healthy":
            assert needed["healthcheck"]["test"]
        else:
            assert needed["restart"] == "no"


@pytest.mark.parametrize("service", ["kafka", "postgres", "worker", "web"])
def test_services_come_back_and_say_how_they_are(service):
    assert SERVICES[service]["restart"] == "unless-stopped"
    assert {"test", "interval", "timeout", "retries", "start_period"} <= set(
        SERVICES[service]["healthcheck"]
    )


def test_worker_and_page_are_asked_whether_they_are_ready():
    asked = ["CMD", "python", "/opt/sync-worker/healthcheck.py", "readyz"]
    assert SERVICES["worker"]["healthcheck"]["test"] == asked
    assert SERVICES["web"]["healthcheck"]["test"] == [*asked, "--web"]


def test_the_page_is_seen_from_this_machine_alone():
    """Dev sign-in takes nobody else, and a port that is published is asked by another address."""
    assert SERVICES["web"]["network_mode"] == "host"
    settings = loaded("web")
    assert (settings.web_sign_in, settings.web_host) == ("dev", "127.0.0.1")
    assert settings.web_base_url == f"http://127.0.0.1:{settings.web_port}"


@pytest.mark.parametrize("service", ["migrate", "roles", "topics", "support"])
def test_one_shots_are_not_asked(service):
    """The image's own check asks the worker's port, which they do not have."""
    assert SERVICES[service]["healthcheck"] == {"disable": True}


@pytest.mark.parametrize("service", ["worker", "web"])
def test_a_daemon_has_time_to_end_in_order(service):
    assert int(SERVICES[service]["stop_grace_period"].removesuffix("s")) > 10


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_open_to_this_machine_alone(service):
    for port in SERVICES[service].get("ports", []):
        assert given(port).startswith("127.0.0.1:")


def test_the_workers_port_can_be_reached_from_outside_its_container():
    settings = loaded("worker")
    published = SERVICES["worker"]["ports"][0].rpartition(":")[2]
    assert settings.http_host == "0.0.0.0"
    assert str(settings.http_port) == published


def test_data_outlives_its_containers():
    mounted = {
        volume.partition(":")[0]
        for name in SERVICES
        for volume in SERVICES[name].get("volumes", [])
        if not volume.startswith("./")
    }
    assert mounted == set(COMPOSE["volumes"])
    assert environment("kafka")["KAFKA_LOG_DIRS"] == "/var/lib/kafka/data"
    assert SERVICES["kafka"]["volumes"] == ["kafka-data:/var/lib/kafka/data"]
    # Mounted at .../data, as before version 18, the image would refuse to start.
    assert SERVICES["postgres"]["volumes"][0] == "postgres-data:/var/lib/postgresql"


def test_every_variable_has_a_default():
    text = (ROOT / "docker-compose.yml").read_text()
    without_comments = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    assert VARIABLE.findall(without_comments)
    assert without_comments.count("$") == len(VARIABLE.findall(without_comments))
    assert all(default for _, default, _ in VARIABLE.findall(without_comments))


def test_the_created_database_is_the_one_in_use():
    made = environment("postgres")["POSTGRES_DB"]
    urls = [make_url(content(name)) for name in COMPOSE["secrets"] if name.endswith("_url")]
    assert {url.database for url in urls} == {made}
    hosts = {url.host for url in urls}
    assert hosts == {"postgres", "127.0.0.1"}


# --- The broker's listeners -----------------------------------------------------------------------


def listeners(variable):
    return dict(entry.split("://") for entry in environment("kafka")[variable].split(","))


def test_containers_and_host_each_get_a_reachable_address():
    told = listeners("KAFKA_ADVERTISED_LISTENERS")
    assert told["INTERNAL"] == environment("worker")["SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS"]
    host, inside = given(SERVICES["kafka"]["ports"][0]).rsplit(":", 1)
    assert told["HOST"] == host
    assert listeners("KAFKA_LISTENERS")["HOST"].endswith(f":{inside}")


def test_every_listener_is_of_a_known_kind():
    broker = environment("kafka")
    protocols = broker["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    kinds = dict(entry.split(":") for entry in protocols)
    assert set(kinds) == set(listeners("KAFKA_LISTENERS"))
    assert broker["KAFKA_INTER_BROKER_LISTENER_NAME"] in listeners("KAFKA_ADVERTISED_LISTENERS")
    controller = broker["KAFKA_CONTROLLER_LISTENER_NAMES"]
    assert controller not in listeners("KAFKA_ADVERTISED_LISTENERS")
    voter = f"{broker['KAFKA_NODE_ID']}@{listeners('KAFKA_LISTENERS')[controller]}"
    assert broker["KAFKA_CONTROLLER_QUORUM_VOTERS"] == voter


def test_the_broker_creates_no_topics_and_needs_no_peer():
    broker = environment("kafka")
    assert broker["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    counts = [value for name, value in broker.items() if name.endswith(("_FACTOR", "_MIN_ISR"))]
    assert len(counts) == 4
    assert set(counts) == {"1"}


def test_the_clusters_id_is_one_that_kafka_takes():
    identity = environment("kafka")["CLUSTER_ID"]
    assert len(base64.urlsafe_b64decode(identity + "==")) == 16


# --- Dockerfile -----------------------------------------------------------------------------------


def test_base_images_are_pinned_slim_and_the_same():
    bases = {arguments.split()[0] for name, arguments in instructions() if name == "FROM"}
    assert len(bases) == 1, "the environment that is copied belongs to its interpreter"
    assert re.fullmatch(rf"python:\d+\.\d+\.\d+-slim-\w+{DIGEST}", bases.pop())


def test_the_interpreter_is_new_enough():
    required = PROJECT["project"]["requires-python"]
    base = instructions()[0][1]
    version = re.search(r":(\d+\.\d+\.\d+)-", base)
    assert version
    assert Requirement(f"python{required}").specifier.contains(version[1])


def test_the_program_does_not_run_as_root():
    users = [arguments for name, arguments in final_stage() if name == "USER"]
    assert users == ["10001"], "a number: Kubernetes can see that it is not root"
    after = [name for name, _ in final_stage()]
    assert after.index("USER") < after.index("ENTRYPOINT")
    assert "RUN" not in after[after.index("USER") :]


def test_nothing_is_installed_without_its_hash_or_from_an_address():
    installs = [
        command
        for name, arguments in instructions()
        if name == "RUN"
        for command in arguments.split("&&")
        if re.search(r"\bpip\b.*\binstall\b", command) and "uninstall" not in command
    ]
    assert len(installs) == 3
    for command in installs:
        assert "--require-hashes" in command or "--no-index" in command, command


def test_nothing_is_fetched_from_an_address():
    assert "ADD" not in [name for name, _ in instructions()]
    assert "://" not in " ".join(arguments for _, arguments in instructions())
    assert not re.search(r"\b(curl|wget|apt-get)\b", " ".join(a for _, a in instructions()))


def test_the_final_image_has_no_build_tools():
    copies = [arguments for name, arguments in final_stage() if name == "COPY"]
    assert copies == [
        "--from=build /opt/sync-worker /opt/sync-worker",
        "deploy/healthcheck.py /opt/sync-worker/healthcheck.py",
    ]
    runs = " ".join(arguments for name, arguments in final_stage() if name == "RUN")
    assert "pip install" not in runs
    assert "pip uninstall" in runs


def test_the_image_runs_the_program_and_ends_with_it():
    final = dict(final_stage())
    assert final["ENTRYPOINT"] == '["sync-worker"]'
    assert final["STOPSIGNAL"] == "SIGTERM"
    assert '"/opt/sync-worker/healthcheck.py", "livez"' in final["HEALTHCHECK"]
    defaults = load_settings({})
    assert final["EXPOSE"] == f"{defaults.http_port} {defaults.web_port}"


def test_everything_copied_exists_and_is_sent_to_the_build():
    patterns = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line[1:] for line in patterns if line.startswith("!")}
    assert "*" in patterns
    for path in copied():
        assert (ROOT / path).exists(), path
        assert path.removeprefix("./") in sent
    assert sent == set(copied()), "nothing else is sent"


def test_what_builds_the_wheel_is_locked_with_all_it_needs():
    found = locked((ROOT / "requirements-build.lock").read_text())
    needed: set[str] = set()
    asked = list(map(Requirement, PROJECT["build-system"]["requires"]))
    while asked:
        requirement = asked.pop()
        marker = requirement.marker
        if marker is None or marker.evaluate({"python_version": "3.13", "extra": ""}):
            needed.add(canonicalize_name(requirement.name))
            asked += map(Requirement, requires(requirement.name) or [])
    assert set(found) == needed
    assert all("--hash=sha256:" in block for block in found.values())


def test_the_wheel_is_built_from_what_is_copied_alone(tmp_path):
    for path in copied():
        source, target = ROOT / path, tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist"]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", *options, "."], cwd=tmp_path, check=True)
    built = [wheel.name for wheel in (tmp_path / "dist").iterdir()]
    assert built == [f"sync_worker-{NEXT_VERSION}.dev0-py3-none-any.whl"]


# --- requirements.lock ----------------------------------------------------------------------------


def test_every_dependency_is_locked_with_hashes_and_no_address():
    text = (ROOT / "requirements.lock").read_text()
    found = locked(text)
    project = PROJECT["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["web"]]
    for requirement in map(Requirement, needed):
        block = found[canonicalize_name(requirement.name)]
        version = re.match(r"[\w.-]+==([\w.]+)", block)
        assert version, block
        assert requirement.specifier.contains(version[1])
    assert all("--hash=sha256:" in block for block in found.values())
    assert not re.search(r"://|^--?(index|extra|find|i\b)", text, re.MULTILINE)


# --- deploy/healthcheck.py ------------------------------------------------------------------------


def checked(probe, port, *options, **settings):
    """What the container's check says and ends with; a port of None is not in the environment."""
    stated = {"HTTP_PORT": port, **settings}
    named = {f"SYNC_WORKER_{n}": str(v) for n, v in stated.items() if v is not None}
    done = subprocess.run(
        [sys.executable, HEALTHCHECK, probe, *options],
        env={k: v for k, v in os.environ.items() if not k.startswith("SYNC_WORKER_")} | named,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_check_says_what_the_worker_says():
    silent_kafka = HealthReason(NotReady.KAFKA_UNAVAILABLE, "Kafka does not answer")
    health = Health(stuck_after_seconds=60, source=lambda: [silent_kafka])
    health.database_used(None)
    server = HttpServer("127.0.0.1", 0, health, CollectorRegistry())
    try:
        assert checked("livez", server.port)[0] == 0
        exit_code, printed = checked("readyz", server.port)
        document = json.loads(printed)
        assert (exit_code, document["status"]) == (1, "failing")
        assert document["reasons"] == ["Kafka does not answer"]
        assert document["codes"] == ["kafka_unavailable"]
        assert printed.count("\n") == 1, "a supervisor shows the last line"
        health.source = list
        assert checked("readyz", server.port)[0] == 0
    finally:
        server.close()
    exit_code, sentence = checked("readyz", server.port)
    assert exit_code == 1
    assert sentence.startswith("no answer: ")


def test_a_worker_without_a_port_is_not_asked():
    assert checked("livez", 0) == (0, "the HTTP port is off\n")


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::", "localhost"])
def test_the_check_asks_wherever_the_worker_listens(host, tmp_path):
    server = HttpServer(host, 0, Health(stuck_after_seconds=60), CollectorRegistry())
    try:
        assert checked("livez", server.port, HTTP_HOST=host)[0] == 0
        (tmp_path / "sync_worker_http_port").write_text(f"{server.port}\n")
        (tmp_path / "sync_worker_http_host").write_text(f"{host}\n")
        assert checked("livez", None, SECRETS_DIR=tmp_path)[0] == 0
    finally:
        server.close()


def test_the_check_asks_the_page_where_that_is_meant():
    page = HttpServer("127.0.0.1", 0, Health(stuck_after_seconds=60), CollectorRegistry())
    try:
        assert checked("livez", 1, "--web", WEB_PORT=page.port)[0] == 0
    finally:
        page.close()
