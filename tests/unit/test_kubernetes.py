"""The manifests for Kubernetes, as kustomize reads them, held against the program's promises."""

import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest
import yaml
from tests.harness.commands import LEAVES

from sync_worker.cli import signals
from sync_worker.config.settings import Settings, load_settings
from sync_worker.errors import Exit
from sync_worker.web.sign_in.from_settings import rights_table

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
DOCUMENT = ROOT / "docs" / "deploying.md"
SOURCES = sorted(FOLDER.glob("base/*.yaml"))
DOCUMENTS = [
    document
    for source in SOURCES
    if source.name != "kustomization.yaml"
    for document in yaml.safe_load_all(source.read_text())
]
WORKLOADS = [each for each in DOCUMENTS if each["kind"] in {"Deployment", "Job"}]
DEPLOYMENTS = [each for each in DOCUMENTS if each["kind"] == "Deployment"]
SECRETS = {"sync-worker": "sync-worker-worker", "sync-worker-db-upgrade": "sync-worker-owner"}

needs_kubectl = pytest.mark.skipif(
    shutil.which("kubectl") is None, reason="kubectl is not installed"
)


def named(documents):
    return pytest.mark.parametrize("each", documents, ids=lambda each: each["metadata"]["name"])


def kind(name):
    return [each for each in DOCUMENTS if each["kind"] == name]


def pod(workload):
    return workload["spec"]["template"]["spec"]


def container(workload):
    [only] = pod(workload)["containers"]
    return only


def literals(folder):
    text = (FOLDER / folder / "kustomization.yaml").read_text()
    generator = yaml.safe_load(text)["configMapGenerator"][0]
    return dict(literal.split("=", 1) for literal in generator["literals"])


def settings_of(workload, folder):
    """Its environment: the settings of base and example, and those of its own that are written."""
    own = {v["name"]: v["value"] for v in container(workload).get("env", []) if "value" in v}
    return {**literals("base"), **literals("example"), **own, "SYNC_WORKER_SECRETS_DIR": folder}


def test_every_file_is_a_resource_of_the_base():
    listed = yaml.safe_load((FOLDER / "base" / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == [each.name for each in SOURCES if each.name != "kustomization.yaml"]


@named(WORKLOADS)
def test_a_pod_needs_no_privilege(each):
    context = pod(each)["securityContext"]
    assert context == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container(each)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod(each)["automountServiceAccountToken"] is False


@named(WORKLOADS)
def test_secrets_are_files_of_its_own(each):
    secret, tmp, *rights = pod(each)["volumes"]
    name = each["metadata"]["name"]
    assert secret["secret"] == {"secretName": SECRETS.get(name, name), "defaultMode": 0o444}
    assert "sizeLimit" in tmp["emptyDir"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container(each)["volumeMounts"]}
    folder = literals("base")["SYNC_WORKER_SECRETS_DIR"]
    expected = {"secrets": folder, "tmp": "/tmp"}
    if rights:
        expected["rights"] = str(Path(settings_of(each, folder)["SYNC_WORKER_WEB_RIGHTS"]).parent)
    assert mounts == expected


@named(WORKLOADS)
def test_it_runs_a_command_with_valid_settings(each, tmp_path):
    assert tuple(container(each)["args"]) in LEAVES
    (tmp_path / "sync_worker_database_url").write_text("postgresql://user@host/database")
    settings = load_settings(settings_of(each, str(tmp_path)))
    assert settings.database_url.startswith("postgresql")
    assert settings.web_sign_in == "oidc"


def test_the_examples_rights_are_valid():
    rights_table(Settings(web_rights=str(FOLDER / "example" / "rights.json")))


@named(WORKLOADS)
def test_memory_has_a_limit(each):
    resources = container(each)["resources"]
    assert resources["limits"]["memory"]
    assert resources["requests"]["memory"]


@named(DEPLOYMENTS)
def test_probes_ask_what_is_served(each):
    port, *others = container(each)["ports"]
    is_page = container(each)["args"] == ["web"]
    metrics_port = settings_of(each, "")["SYNC_WORKER_WEB_METRICS_PORT"] if is_page else None
    assert [str(other["containerPort"]) for other in others] == [metrics_port] * is_page
    assert port["containerPort"] == (Settings().web_port if is_page else Settings().http_port)
    probed = {name: container(each)[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness")}
    assert all(get == {"path": "/livez", "port": port["name"]} for get in probed.values())
    readiness = container(each)["readinessProbe"]["httpGet"]
    assert readiness == {"path": "/readyz", "port": port["name"]}


@named(DEPLOYMENTS)
def test_there_is_time_to_end_in_order(each):
    hook = container(each).get("lifecycle", {}).get("preStop", {}).get("exec", {"command": [0]})
    longest = signals._LONGEST_END_SECONDS + signals._MAX_LAST_WORDS_SECONDS
    assert float(hook["command"][-1]) + longest < pod(each)["terminationGracePeriodSeconds"]


@named(DEPLOYMENTS)
def test_a_node_can_be_emptied_and_one_pod_stays(each):
    selector = each["spec"]["selector"]
    [budget] = [b for b in kind("PodDisruptionBudget") if b["spec"]["selector"] == selector]
    assert budget["spec"]["minAvailable"] < each["spec"]["replicas"]
    assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert selector["matchLabels"] == each["spec"]["template"]["metadata"]["labels"]


def test_a_refused_upgrade_is_not_tried_again():
    [job] = kind("Job")
    [rule] = job["spec"]["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailJob"
    assert rule["onExitCodes"]["values"] == [Exit.USAGE, Exit.REFUSED]
    assert rule["onExitCodes"]["containerName"] == container(job)["name"]
    assert pod(job)["restartPolicy"] == "Never"


def test_all_traffic_of_every_pod_is_under_a_policy():
    everyone = kind("NetworkPolicy")[0]["spec"]
    assert everyone["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "sync-worker"}}
    assert everyone["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in everyone
    assert all(rule["ports"] for each in kind("NetworkPolicy") for rule in each["spec"]["egress"])


def test_a_worker_may_go_where_its_defaults_lead():
    allowed = [port for policy in kind("NetworkPolicy")[:2] for port in _let_out(policy)]
    assert {5432, 9092, 9093} <= {port for ports in allowed for port in ports}


def _let_out(policy):
    """The ports of each rule, which may be a range."""
    for rule in policy["spec"]["egress"]:
        yield from (range(p["port"], p.get("endPort", p["port"]) + 1) for p in rule["ports"])


def built(overlay):
    command = ["kubectl", "kustomize", str(overlay)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@needs_kubectl
def test_the_documented_patch_opens_more_ports(tmp_path):
    copied = shutil.copytree(FOLDER, tmp_path / "kubernetes") / "example"
    [block] = re.findall(r"^  ```yaml\n(.*?)^  ```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    with (copied / "kustomization.yaml").open("a") as overlay:
        overlay.write(textwrap.dedent(block))
    policies = {each["metadata"]["name"]: each for each in built(copied)}
    let_out = [*_let_out(policies["sync-worker-worker"])]
    assert {range(443, 444), range(6432, 6433)} < {*let_out}


@needs_kubectl
def test_the_documented_schedule_runs_as_a_worker_does(tmp_path):
    copied = shutil.copytree(FOLDER, tmp_path / "kubernetes") / "example"
    text = (ROOT / "docs" / "operations.md").read_text()
    [job] = re.findall(r"^```yaml\n(apiVersion: batch/v1\n.*?)^```", text, re.MULTILINE | re.DOTALL)
    (copied / "reconcile.yaml").write_text(job)
    overlay = copied / "kustomization.yaml"
    overlay.write_text(
        overlay.read_text().replace("resources:\n", "resources:\n  - reconcile.yaml\n")
    )
    documents = {(each["kind"], each["metadata"]["name"]): each for each in built(copied)}
    scheduled = documents["CronJob", "sync-worker-reconcile"]["spec"]["jobTemplate"]
    worker = documents["Deployment", "sync-worker"]
    for name in ("securityContext", "volumes", "automountServiceAccountToken"):
        assert pod(scheduled)[name] == pod(worker)[name], name
    for name in ("image", "envFrom", "securityContext", "volumeMounts", "resources"):
        assert container(scheduled)[name] == container(worker)[name], name
    assert tuple(container(scheduled)["args"][:1]) in LEAVES
    policy = documents["NetworkPolicy", "sync-worker-worker"]["spec"]["podSelector"]
    [components] = policy["matchExpressions"]
    labels = scheduled["spec"]["template"]["metadata"]["labels"]
    assert labels[components["key"]] in components["values"]
    assert policy["matchLabels"].items() <= labels.items()


@needs_kubectl
def test_kustomize_builds_the_example():
    documents = built(FOLDER / "example")
    assert len(documents) == len(DOCUMENTS) + 3  # settings, rights, namespace
    built_workloads = [each for each in documents if each["kind"] in {"Job", "Deployment"}]
    images = {container(each)["image"] for each in built_workloads}
    assert images == {"registry.example.org/complaints/sync-worker:0.1.0"}
    labels = [each["spec"]["template"]["metadata"]["labels"] for each in built_workloads]
    assert {each["app.kubernetes.io/name"] for each in labels} == {"sync-worker"}
