"""Plans of the page on every database: made, looked at again, confirmed, and kept as receipts."""

from datetime import timedelta

import pytest
from tests.worlds.plans import (
    ANNA,
    BO,
    NATIONAL,
    A,
    B,
    C,
    D,
    asked,
    changed,
    codes,
    confirmed,
    known,
    logged,
    looked,
    planned,
    registered,
)
from tests.worlds.registry import NOW

from sync_worker.administration import plans
from sync_worker.administration.clinics import REMOVE
from sync_worker.administration.csv_files import reader, report
from sync_worker.administration.csv_files.reader import FileEntry
from sync_worker.administration.plan_documents import (
    Expired,
    NotYours,
    OpenPlan,
    Person,
    PlanRequest,
    Receipt,
    Stale,
)
from sync_worker.language import Language

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_a_plan_says_what_would_be_done_and_does_nothing(registry):
    known(registry, A)
    known(registry, B, active=False)
    about = {"reason": "Order 17", "file_name": "list.csv", "file_digest": "d"}
    plan = looked(registry, planned(registry, A, B, "x", **about))
    assert codes(plan) == ["added", "not_active", "malformed_hsa_id"]
    assert plan.names == {A: "Exempelkliniken", B: "Exempelkliniken"}
    assert (plan.about.reason, plan.about.file_name) == ("Order 17", "list.csv")
    assert plan.about.counts == {"added": 1, "not_active": 1, "malformed_hsa_id": 1}
    assert (plan.about.revision, plan.changed(), plan.done_before) == (1, [], None)
    assert registered(registry) == set()


def test_a_confirmed_plan_is_done_and_logged(registry):
    known(registry, A, B)
    known(registry, C, region_code="03")
    receipt = confirmed(registry, planned(registry, A, B, C, reason="Order 17"), now=NOW + HOUR)
    assert codes(receipt) == ["added", "added", "other_region"]
    assert (receipt.about.done_by, receipt.about.done_at) == ("anna", NOW + HOUR)
    assert receipt.about.counts == {"added": 2, "other_region": 1}
    assert logged(registry) == [("registered", A, "Order 17"), ("registered", B, "Order 17")]


def test_removals_are_planned_and_confirmed_alike(registry):
    known(registry, A, B, registered_at=NOW)
    known(registry, C)
    plan_id = planned(registry, A, C, verb=REMOVE)
    assert looked(registry, plan_id).verb is REMOVE
    assert codes(confirmed(registry, plan_id)) == ["removed", "not_registered"]
    assert registered(registry) == {B}


def test_a_receipt_stays_the_same_whatever_happens_later(registry):
    known(registry, A)
    plan_id = planned(registry, A)
    receipt = confirmed(registry, plan_id)
    changed(registry, A, registered_at=None, active=False, name="Another")
    later = NOW + 80 * DAY
    assert plans.look(registry, plan_id, ANNA, later) == receipt
    assert plans.confirm(registry, plan_id, 1, ANNA, later) == receipt
    assert plans.confirm(registry, plan_id, 99, BO, later) == receipt
    assert registered(registry) == set()


def test_to_confirm_what_is_so_already_is_harmless(registry):
    known(registry, A, registered_at=NOW)
    plan_id = planned(registry, A, "x")
    assert codes(confirmed(registry, plan_id)) == ["already_registered", "malformed_hsa_id"]
    assert logged(registry) == []
    assert codes(confirmed(registry, planned(registry))) == []


def test_each_look_judges_again_and_marks_what_differs(registry):
    known(registry, A, B)
    plan_id = planned(registry, A, B)
    changed(registry, B, active=False)
    for _ in range(2):
        plan = looked(registry, plan_id)
        assert plan.about.revision == 2
        assert plan.about.counts == {"added": 1, "not_active": 1}
        assert [(row.item.hsa_id, row.before) for row in plan.changed()] == [(B, "added")]
    changed(registry, A, registered_at=NOW)
    plan = looked(registry, plan_id)
    assert plan.about.revision == 3
    assert [row.item.hsa_id for row in plan.changed()] == [A, B]
    assert [row.item.hsa_id for row in plan.changed(since=2)] == [A]


def test_what_was_revised_must_be_seen_before_it_is_done(registry):
    known(registry, A, B)
    plan_id = planned(registry, A, B)
    changed(registry, B, active=False)
    looked(registry, plan_id)
    for revision in (0, 10**30):
        assert isinstance(plans.confirm(registry, plan_id, revision, ANNA, NOW), Stale)
    stale = plans.confirm(registry, plan_id, 1, ANNA, NOW)
    assert isinstance(stale, Stale)
    assert [row.item.hsa_id for row in stale.changed] == [B]
    assert registered(registry) == set()
    assert codes(confirmed(registry, plan_id, revision=stale.plan.about.revision)) == [
        "added",
        "not_active",
    ]


def test_a_receipt_tells_what_changed_since_the_plan(registry):
    known(registry, A, B)
    known(registry, C, active=False)
    plan_id = planned(registry, A, B, C)
    changed(registry, A, active=False)
    changed(registry, C, active=True)
    receipt = confirmed(registry, plan_id)
    assert codes(receipt) == ["not_active", "added", "changed_meanwhile"]
    assert [row.before for row in receipt.changed] == ["added", "not_active"]
    assert plans.look(registry, plan_id, ANNA, NOW) == receipt
    assert registered(registry) == {B}


def test_rights_that_shrank_shrink_the_deed(registry):
    known(registry, A)
    known(registry, B, region_code="03")
    plan_id = planned(registry, A, B, person=BO)
    receipt = confirmed(registry, plan_id, BO._replace(acting_for=["01"]))
    assert codes(receipt) == ["added", "other_region"]
    assert [row.before for row in receipt.changed] == ["added"]
    assert registered(registry) == {A}


def test_rights_that_grew_do_not_widen_the_deed(registry):
    known(registry, A)
    known(registry, B, region_code="03")
    plan_id = planned(registry, A, B)
    receipt = confirmed(registry, plan_id, ANNA._replace(acting_for=None))
    assert codes(receipt) == ["added", "other_region"]


@pytest.mark.parametrize("acting_for", [(), ("03",), ("03", "14")])
def test_who_lost_all_regions_may_not_do_a_plan(registry, acting_for):
    known(registry, A)
    plan_id, done_id = planned(registry, A), planned(registry)
    receipt = confirmed(registry, done_id)
    lesser = ANNA._replace(acting_for=acting_for)
    assert plans.look(registry, plan_id, lesser, NOW) == NotYours(("01",))
    assert plans.confirm(registry, plan_id, 1, lesser, NOW) == NotYours(("01",))
    assert plans.look(registry, done_id, lesser, NOW) == receipt
    assert registered(registry) == set()


@pytest.mark.parametrize(
    ("maker", "other", "is_permitted"),
    [
        (ANNA, BO, True),
        (ANNA, NATIONAL, True),
        (BO, Person("cilla", ("01",)), False),
        (BO, Person("cilla", ("01", "03", "14")), True),
        (NATIONAL, BO, False),
        (NATIONAL, Person("cilla", None), True),
        (Person("none", ()), BO, False),
        (ANNA, Person("none", ()), False),
    ],
)
def test_anothers_plan_is_shown_to_who_has_its_regions(registry, maker, other, is_permitted):
    known(registry, A)
    plan_id, done_id = planned(registry, A, person=maker), planned(registry, "x", person=maker)
    looked_at = plans.look(registry, plan_id, other, NOW)
    assert isinstance(looked_at, OpenPlan if is_permitted else NotYours)
    assert isinstance(plans.confirm(registry, plan_id, 1, other, NOW), NotYours)
    assert registered(registry) == set()
    if maker.acting_for != ():
        receipt = confirmed(registry, done_id, maker)
        expected = receipt if is_permitted else NotYours(receipt.about.region_codes)
        assert plans.look(registry, done_id, other, NOW) == expected
        assert plans.confirm(registry, done_id, 1, other, NOW) == expected


def test_a_plan_cannot_be_confirmed_after_a_day(registry):
    known(registry, A)
    plan_id = planned(registry, A)
    assert isinstance(plans.look(registry, plan_id, ANNA, NOW + DAY - HOUR), OpenPlan)
    assert isinstance(plans.look(registry, plan_id, ANNA, NOW + DAY), Expired)
    assert isinstance(plans.confirm(registry, plan_id, 1, ANNA, NOW + DAY), Expired)
    assert registered(registry) == set()


def test_what_is_too_old_is_forgotten_with_a_new_plan(registry):
    open_id, done_id = planned(registry, "x"), planned(registry, "x")
    confirmed(registry, done_id)
    week = NOW + 9 * DAY
    planned(registry, person=BO, now=week)
    assert plans.look(registry, open_id, ANNA, week) is None
    assert isinstance(plans.look(registry, done_id, ANNA, week), Receipt)
    assert plans.look(registry, done_id, ANNA, NOW + 90 * DAY) is None
    planned(registry, person=BO, now=NOW + 90 * DAY)
    assert plans.look(registry, done_id, ANNA, NOW) is None


def test_of_a_persons_open_plans_the_oldest_goes(registry):
    others = planned(registry, person=BO)
    receipt = planned(registry)
    confirmed(registry, receipt)
    ids = [planned(registry, now=NOW + timedelta(minutes=n)) for n in range(21)]
    later = NOW + HOUR
    assert plans.look(registry, ids[0], ANNA, later) is None
    listed = [plan.id for plan in plans.listed(registry, "anna", later)]
    assert listed == [*reversed(ids[1:]), receipt]
    assert [plan.id for plan in plans.listed(registry, "bo", later)] == [others]


def test_a_list_has_expired_plans_but_no_expired_receipts(registry):
    plan_id, done_id = planned(registry), planned(registry)
    confirmed(registry, done_id)
    assert {plan.id for plan in plans.listed(registry, "anna", NOW + DAY)} == {plan_id, done_id}
    assert [plan.id for plan in plans.listed(registry, "anna", NOW + 90 * DAY)] == [plan_id]


def test_more_rows_than_a_plan_can_have_are_refused(registry):
    texts = ["x"] * (plans.MOST_ROWS + 1)
    with pytest.raises(plans.TooManyRows, match="20001 rows"):
        planned(registry, *texts)
    plan = looked(registry, planned(registry, *texts[1:]))
    assert plan.about.counts == {"malformed_hsa_id": plans.MOST_ROWS}


@pytest.mark.parametrize("plan_id", ["", "made up", "\x00", "\ud800", "ö" * 5_000])
def test_what_is_no_id_finds_no_plan(registry, plan_id):
    assert plans.look(registry, plan_id, ANNA, NOW) is None
    assert plans.confirm(registry, plan_id, 1, ANNA, NOW) is None


def test_the_same_file_again_within_a_day_is_told(registry):
    def again(now, person=ANNA, **about):
        about = {"file_digest": "d", **about}
        plan_id = planned(registry, "x", person=person, now=now, **about)
        return looked(registry, plan_id, person, now).done_before

    first = planned(registry, "x", file_digest="d")
    assert again(NOW) is None
    receipt = confirmed(registry, first, now=NOW + HOUR)
    assert again(NOW + 2 * HOUR) == receipt.about
    assert again(NOW + 2 * HOUR, file_digest="other") is None
    assert again(NOW + 2 * HOUR, file_digest=None) is None
    assert again(NOW + 2 * HOUR, person=BO) is None
    assert again(NOW + 2 * HOUR, verb=REMOVE) is None
    assert again(NOW + 26 * HOUR) is None


def test_corrected_rows_make_a_plan_of_their_own(registry):
    known(registry, A, B)
    receipt = confirmed(registry, planned(registry, A, "SE2321000016 TB01", "x"))
    refused = [row for row in receipt.rows if row.item.reason is not None]
    entries = [FileEntry(row.item.line, text) for row, text in zip(refused, (B, C), strict=True)]
    plan_id = plans.make(registry, PlanRequest(receipt.verb, entries), ANNA, NOW)
    mended = confirmed(registry, plan_id)
    assert [(item.line, item.code) for item in mended.items] == [
        (2, "added"),
        (3, "unknown_clinic"),
    ]
    assert registered(registry) == {A, B}


def test_a_report_of_what_was_refused_imports_again(registry):
    known(registry, A)
    receipt = confirmed(registry, planned(registry, A, " =x", "se2321000016-tb01"))
    content = report.report(receipt.given, receipt.items, Language.SWEDISH)
    assert [entry.text for entry in reader.read(content).entries] == ["=x", "se2321000016-tb01"]


def test_nothing_that_is_given_makes_the_database_fail(registry):
    odd = [
        "SE\x00",
        "\ud800",
        "\ud83d\u200b\ude00",
        "a" * 5_000,
        "'; --",
        A + "\u200b" * 99 + "x",
        D,
    ]
    known(registry, A, D)
    about = {"reason": "\x00\ud800\n" * 500, "file_name": "\u202e\x00\udc80.csv" * 50}
    plan_id = planned(registry, *odd, **about)
    plan = looked(registry, plan_id)
    assert codes(plan) == [*["malformed_hsa_id"] * 6, "added"]
    assert [len(plan.about.reason), len(plan.about.file_name)] == [500, 100]
    assert max(len(row.text) for row in plan.rows) == 100
    assert codes(confirmed(registry, plan_id)) == codes(plan)
    assert registered(registry) == {D}


def test_blanks_around_an_id_are_no_part_of_it(registry):
    known(registry, A)
    plan = looked(registry, planned(registry, f"\ufeff{' ' * 500}{A.lower()}\u00a0"))
    assert codes(plan) == ["added"]
    assert plan.rows[0].text == A.lower()


def test_no_two_plans_have_one_id(registry):
    request = asked("x")
    ids = {plans.make(registry, request, ANNA, NOW) for _ in range(5)}
    assert {len(each) for each in ids} == {43}
    assert len(ids) == 5
