"""The example of docs/web.md is a table of rights."""

import re
from pathlib import Path

from sync_worker.config.settings import Settings
from sync_worker.domain.regions import Regions
from sync_worker.web.rights import Role
from sync_worker.web.rights_table import RightsTable

DOCUMENT = (Path(__file__).parents[3] / "docs" / "web.md").read_text(encoding="utf-8")


def test_the_example_gives_what_it_says():
    (example,) = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    table = RightsTable.load(example, Regions())
    stockholm = table.rights({"groups": ["synpunkter-stockholm"]})
    assert stockholm.acting_for == frozenset({"01"})
    assert table.rights({"realm_access": {"roles": ["synpunkter-drift"]}}).is_operator
    unit = {"org-id": "SE2321000016-1000", "include_units_below": True}
    scope = {"attribute": "Synpunkter och klagomål", "organizational_scope": [{"unit": unit}]}
    assert table.rights({"authorization_scope": [scope]}) == stockholm


def test_every_role_and_setting_of_signing_in_is_explained():
    assert [role for role in Role if f"`{role}`" not in DOCUMENT] == []
    signing_in = ("web_sign_in", "web_oidc", "web_header", "web_trusted", "web_rights")
    names = [name for name in Settings.model_fields if name.startswith(signing_in)]
    assert [name for name in names if f"SYNC_WORKER_{name.upper()}`" not in DOCUMENT] == []
