"""The examples of docs/web.md are settings and a table of rights as they must be."""

import re
from pathlib import Path

import pytest

from sync_worker.config.settings import Settings, load_settings
from sync_worker.web.rights import Role
from sync_worker.web.sign_in import from_settings

DOCUMENT = (Path(__file__).parents[3] / "docs" / "web.md").read_text(encoding="utf-8")
(RIGHTS,) = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
BLOCKS = re.findall(r"```ini\n(SYNC_WORKER.*?)```", DOCUMENT, re.DOTALL)
SETTINGS = [dict(line.split("=", 1) for line in block.splitlines()) for block in BLOCKS]
EXAMPLES = {each["SYNC_WORKER_WEB_SIGN_IN"]: each for each in SETTINGS}
SECRETS = {"oidc": "oidc_client_secret", "header": "header_secret"}


def table(sign_in, folder):
    """Of the settings of an example, with its secrets and rights as files, as they stand there."""
    (folder / "sync_worker_web_rights").write_text(RIGHTS, encoding="utf-8")
    (folder / f"sync_worker_web_{SECRETS[sign_in]}").write_text("a-secret-of-the-page")
    settings = load_settings(EXAMPLES[sign_in] | {"SYNC_WORKER_SECRETS_DIR": str(folder)})
    assert settings.web_sign_in == sign_in
    assert from_settings.sign_in(settings)
    return from_settings.rights_table(settings)


@pytest.mark.parametrize("sign_in", SECRETS)
def test_the_examples_give_what_they_say(sign_in, tmp_path):
    rights = table(sign_in, tmp_path)
    stockholm = rights.rights({"groups": ["synpunkter-stockholm"]})
    assert stockholm.acting_for == frozenset({"01"})
    assert rights.rights({"realm_access": {"roles": ["synpunkter-drift"]}}).is_operator
    unit = {"org-id": "SE2321000016-1000", "include_units_below": True}
    scope = {"attribute": "Synpunkter och klagomål", "organizational_scope": [{"unit": unit}]}
    assert rights.rights({"authorization_scope": [scope]}) == stockholm


def test_every_role_and_setting_of_the_page_is_explained():
    assert [role for role in Role if f"`{role}`" not in DOCUMENT] == []
    names = [name for name in Settings.model_fields if name.startswith("web_")]
    assert [name for name in names if f"SYNC_WORKER_{name.upper()}`" not in DOCUMENT] == []
