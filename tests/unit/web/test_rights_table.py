"""What is said of somebody at sign-in gives the rights that the table says, and no others."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.domain.regions import Regions
from sync_worker.errors import Exit, UserError
from sync_worker.web.rights import Rights, Role
from sync_worker.web.rights_table import RightsTable

REGIONS = Regions()
UNIT, OTHER_UNIT = "SE2321000016-1000", "SE2321000024-1000"
SCOPE = "authorization scope"
ADMIN_01 = Rights.of(Role.REGIONAL_ADMINISTRATOR, "01")
ADMIN_03 = Rights.of(Role.REGIONAL_ADMINISTRATOR, "03")
SUPPORT = Rights.of(Role.SUPPORT)


def regional(*regions, **rule):
    return {"role": "regional_administrator", "regions": list(regions)} | rule


def of_unit(unit, *regions, **rule):
    return regional(*regions, claim=SCOPE, value="Synpunkter", unit=unit, **rule)


GROUP = regional("01", claim="groups", value="stockholm")
TABLE = [
    GROUP,
    regional("03", claim="groups", value="uppsala"),
    {"claim": "groups", "value": "support", "role": "support"},
    {"claim": ["realm_access", "roles"], "value": "drift", "role": "operator"},
    {"claim": "groups", "value": "all", "role": "reader", "regions": "all"},
    of_unit(UNIT, "01"),
    of_unit(OTHER_UNIT, "03"),
]


def rights(claims, rules=TABLE):
    return RightsTable.load(json.dumps(rules), REGIONS).rights(claims)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, Rights()),
        ({"groups": "stockholm"}, ADMIN_01),
        ({"groups": ["stockholm", "other"]}, ADMIN_01),
        ({"groups": ["stockholm", "uppsala", "support"]}, ADMIN_01 | ADMIN_03 | SUPPORT),
        ({"groups": "Stockholm"}, Rights()),
        ({"groups": "stockholm uppsala"}, Rights()),
        ({"groups": {"stockholm": True}}, Rights()),
        ({"groups": None}, Rights()),
        ({"Groups": "stockholm"}, Rights()),
        ({"group": "stockholm"}, Rights()),
        ({"realm_access": {"roles": ["drift"]}}, Rights.of(Role.OPERATOR)),
        ({"realm_access": ["drift"]}, Rights()),
        ({"groups": "all"}, Rights.of(Role.READER)),
    ],
)
def test_a_claim_gives_what_its_rules_say(claims, expected):
    assert rights(claims) == expected


def test_without_a_table_nobody_may_do_anything():
    assert not RightsTable.load(None, REGIONS).rights({"groups": "stockholm"})


def scope(unit=UNIT, *, below: object = True):
    return {
        "attribute": "Synpunkter",
        "organizational_scope": [{"unit": {"org-id": unit, "include_units_below": below}}],
    }


BOTH_UNITS = {
    "attribute": "Synpunkter",
    "organizational_scope": [
        {"unit": {"org-id": UNIT, "include_units_below": True}},
        {"unit": {"org-id": OTHER_UNIT, "include_units_below": True}},
    ],
}
BESIDE = {"unit": {"org-id": UNIT}, "include_units_below": True}


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({SCOPE: [scope()]}, ADMIN_01),
        ({SCOPE: json.dumps([scope()])}, ADMIN_01),
        ({SCOPE: [json.dumps(scope())]}, ADMIN_01),
        ({SCOPE: scope()}, ADMIN_01),
        ({"authorization_scope": [scope()]}, ADMIN_01),
        ({"authorizationScope": [scope()]}, ADMIN_01),
        ({SCOPE: [scope(UNIT.lower())]}, ADMIN_01),
        ({SCOPE: [scope(below="true")]}, ADMIN_01),
        ({SCOPE: [BOTH_UNITS]}, ADMIN_01 | ADMIN_03),
        ({SCOPE: [scope(), scope(OTHER_UNIT)]}, ADMIN_01 | ADMIN_03),
        (
            {SCOPE: [{"attributes": ["Annat", "Synpunkter"], "organizational_scope": [BESIDE]}]},
            ADMIN_01,
        ),
        (
            {
                SCOPE: [
                    {
                        "attributes": "Synpunkter",
                        "organizationalScope": {
                            "unit": {"org_id": UNIT, "includeUnitsBelow": True}
                        },
                    }
                ]
            },
            ADMIN_01,
        ),
        ({SCOPE: []}, Rights()),
        ({SCOPE: ""}, Rights()),
        ({SCOPE: "[{"}, Rights()),
        ({SCOPE: "[" * 100_000}, Rights()),
        ({SCOPE: None}, Rights()),
        ({SCOPE: [scope("SE2321000016-9999")]}, Rights()),
        ({SCOPE: [scope(below=False)]}, Rights()),
        ({SCOPE: [scope(below=None)]}, Rights()),
        ({SCOPE: [scope(below="false")]}, Rights()),
        ({SCOPE: [scope() | {"attribute": "Annat"}]}, Rights()),
        ({SCOPE: [{"attribute": "Synpunkter"}]}, Rights()),
        ({SCOPE: "Synpunkter"}, Rights()),
    ],
)
def test_an_authorization_scope_gives_the_regions_of_its_units(claims, expected):
    assert rights(claims) == expected


def test_units_below_a_unit_that_is_not_mapped_give_nothing():
    assert not rights({SCOPE: [scope("SE2321000016-1")]})


def test_a_rule_may_do_without_the_units_below():
    rules = [of_unit(UNIT, "01", include_units_below=False)]
    assert rights({SCOPE: [scope(below=False)]}, rules) == ADMIN_01


def test_the_digits_of_a_unit_say_nothing_of_its_region():
    assert rights({SCOPE: [scope()]}, [of_unit(UNIT, "12")]).acting_for == frozenset({"12"})


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from([UNIT, "true"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["attribute", "organizational_scope", "unit", "org-id", "include_units_below", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from(["groups", SCOPE, "realm_access"]), JSON | JSON.map(json.dumps))
)
def test_no_claim_breaks_the_reading_or_gives_unnamed_rights(claims):
    every = rights({"groups": ["stockholm", "uppsala", "support", "all"]}) | Rights.of(
        Role.OPERATOR
    )
    assert rights(claims).grants <= every.grants


@given(st.lists(st.sampled_from(["stockholm", "uppsala", "support", "annat"])))
def test_groups_give_the_sum_of_their_rules(groups):
    expected = Rights()
    for group, given_for_it in (
        ("stockholm", ADMIN_01),
        ("uppsala", ADMIN_03),
        ("support", SUPPORT),
    ):
        expected |= given_for_it if group in groups else Rights()
    assert rights({"groups": groups}) == expected


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("[", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("{}", "it is not a list of rules"),
        ('["x"]', "rule 1 is not an object"),
        (json.dumps([GROUP, GROUP | {"regions": ["99"]}]), "rule 2 has a region code"),
        (json.dumps([GROUP | {"regions": [1]}]), "rule 1 has a region code"),
        (json.dumps([GROUP | {"regions": []}]), "rule 1 lacks regions"),
        (json.dumps([GROUP | {"regions": "all"}]), "rule 1 lacks regions"),
        (json.dumps([GROUP | {"role": "chef"}]), "rule 1 has a role that is none of"),
        (json.dumps([GROUP | {"role": "support"}]), "support is a role for all"),
        (json.dumps([GROUP | {"vaule": "x"}]), "rule 1 has vaule, which a rule does not have"),
        (json.dumps([GROUP | {"value": 1}]), "rule 1 has a value that is not text"),
        (json.dumps([GROUP | {"claim": []}]), "rule 1 has a claim"),
        (json.dumps([GROUP | {"include_units_below": True}]), "without a unit"),
        (json.dumps([of_unit(UNIT, "01", include_units_below="no")]), "neither true nor false"),
        (json.dumps([{"claim": "groups"}]), "rule 1 lacks role, value"),
        (json.dumps([{"claim": "a", "value": "b", "role": "reader"}]), "rule 1 lacks regions"),
        ("/does/not/exist.json", "cannot be read"),
    ],
)
def test_a_table_that_cannot_be_right_ends_the_start(document, why):
    with pytest.raises(UserError) as raised:
        RightsTable.load(document, REGIONS)
    assert raised.value.exit_code is Exit.USAGE
    assert "SYNC_WORKER_WEB_RIGHTS" in str(raised.value)
    assert why in str(raised.value)


def test_a_table_may_stand_in_a_file(tmp_path):
    path = tmp_path / "rights.json"
    path.write_text(json.dumps([GROUP]), encoding="utf-8")
    assert RightsTable.load(str(path), REGIONS).rights({"groups": "stockholm"}) == ADMIN_01


def test_a_region_that_a_setting_adds_may_be_given():
    rules = json.dumps([GROUP | {"regions": ["26"]}])
    given_rights = RightsTable.load(rules, Regions(["26"])).rights({"groups": "stockholm"})
    assert given_rights.may_administer("26")
