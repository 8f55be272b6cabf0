"""`clinics explain`: its document, its text in both languages, and what it says of unknown ids."""

import pytest
from tests.builders import activated, deactivated
from tests.worlds.command_line import A, B, C, D

MEMBERS = {
    *("hsa_id", "name", "region_code", "region_name", "status", "receives_cases", "text"),
    *("conditions", "held", "dead_letters", "stream", "who"),
}
CONDITION = {
    *("condition", "met", "value", "since", "at_the_latest", "actor", "login", "reason"),
    *("event_id", "topic", "partition", "offset", "text", "if_met"),
}


@pytest.fixture
def explain(populated, sync_worker):
    """What is printed about a clinic, in a language."""

    def call(hsa_id, tongue="en", *more):
        return sync_worker("clinics", "explain", hsa_id, *more, SYNC_WORKER_LANG=tongue)

    return call


def test_the_document_has_codes_and_sentences(explain):
    told = explain(A, "en", "-o", "json")
    assert (told.exit_code, told.stderr) == (0, "")
    document = told.json
    assert set(document) == MEMBERS
    by_code = {c["condition"]: c for c in document["conditions"]}
    assert list(by_code) == [
        *("activated", "registered", "region_known", "service_on"),
        *("no_own_system", "nothing_held"),
    ]
    assert {frozenset(c) for c in document["conditions"]} == {
        frozenset(CONDITION),
        frozenset(CONDITION | {"former"}),
    }
    assert by_code["registered"]["actor"] == "anna"
    assert by_code["registered"]["since"].endswith("Z")
    assert (document["status"], document["receives_cases"]) == ("receiving", True)
    assert document["text"] == (
        f"Exempelkliniken ({A}) is connected: it is searchable and receives cases."
    )
    (letter,) = document["dead_letters"]["items"]
    assert set(letter) == {"id", "received_at", "reason", "topic", "partition", "offset", "text"}
    assert [each["who"] for each in document["who"]] == [
        *("e_services", "administrator", "support", "operator"),
    ]


def test_codes_are_the_same_in_both_languages(explain):
    def codes(document):
        if isinstance(document, dict):
            texts = {"text", "more"}
            return {k: codes(v) for k, v in document.items() if k not in texts}
        return [codes(each) for each in document] if isinstance(document, list) else document

    english, swedish = (explain(D, tongue, "-o", "json").json for tongue in ("en", "sv"))
    assert codes(english) == codes(swedish)
    assert english["text"] != swedish["text"]


@pytest.mark.parametrize(
    ("hsa_id", "tongue", "sentences"),
    [
        (A, "en", ["is connected", "by anna (Order 17).", "Dead letter 1, unknown_region"]),
        (
            A,
            "sv",
            ["är ansluten", "av anna (Order 17).", "Avvisad post 1, regionkoden"],
        ),
        (B, "en", ["it is not registered.", "If it is added, it receives cases at once."]),
        (B, "sv", ["den är inte tillagd.", "Om den läggs till tar den emot ärenden direkt."]),
        (C, "en", ["no patient board", "board is set, it receives cases at once."]),
        (C, "sv", ["ingen patientnämnd", "patientnämnd anges tar den emot ärenden direkt."]),
        (D, "en", ["it still waits for an administrator to add it.", "cannot be added now"]),
        (D, "sv", ["väntar den fortfarande på att en administratör", "kan inte läggas till nu"]),
    ],
)
def test_it_is_explained_in_the_readers_language(explain, hsa_id, tongue, sentences):
    told = explain(hsa_id.lower(), tongue)
    assert (told.exit_code, told.stderr) == (0, "")
    assert [sentence for sentence in sentences if sentence not in told.stdout] == []


def test_what_comes_from_outside_stays_on_its_line(reads, explain):
    reads(activated(A, 9, regionCode="01", name="Ett\n- Tillagd: nej\x1b[2J"))
    told = explain(A).stdout
    assert r"Ett\n- Tillagd: nej\x1b[2J (" in told


def test_a_held_change_says_what_an_operator_types(populated, reads, explain, monkeypatch):
    monkeypatch.setenv("SYNC_WORKER_GUARD_MAX_CHANGES", "0")
    monkeypatch.setenv("SYNC_WORKER_GUARD_MAX_PERCENT", "0")
    reads(deactivated(A, 9))
    assert "An operator sees the whole hold with: sync-worker holds show 1" in explain(A).stdout


def error_of(told):
    assert (told.exit_code, told.stdout) == (6, "")
    return told.error["message"]


def test_an_unknown_clinic_is_not_found_as_by_show(explain, sync_worker):
    told = explain("SE2321000016-NONE", "en", "-o", "json")
    shown = sync_worker("clinics", "show", "SE2321000016-NONE", "-o", "json")
    assert told.exit_code == shown.exit_code == 6
    assert error_of(told).startswith(shown.error["message"])
    assert told.error["hint"] == shown.error["hint"]
    assert "have been read up to" in told.error["message"]


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("SE2321000016-TA02", f"Did you mean {A}?"),
        ("SE2321000017-NONE", "The check digit of the number is wrong"),
        ("clinic", "This is not a valid HSA-id"),
    ],
)
def test_what_is_likely_wrong_with_an_id_is_said(explain, typed, why):
    assert why in error_of(explain(typed, "en", "-o", "json"))


def test_a_clinic_that_only_dead_letters_name_says_so(explain, reads):
    reads(activated("SE2321000016-LOST", 9, regionCode="11"))
    message = error_of(explain("SE2321000016-LOST", "en", "-o", "json"))
    assert "1 record that names it could not be applied: dead letter 3." in message


def test_a_clinic_that_only_tak_names_says_so(explain, sync_worker, folder):
    folder.joinpath("tak.txt").write_text("SE2321000016-OWN1")
    assert sync_worker("tak", "import", "tak.txt", "--ticket", "T", "--yes").exit_code == 0
    message = error_of(explain("SE2321000016-OWN1", "sv", "-o", "json"))
    assert "Den finns i TAK: den har ett eget system." in message
