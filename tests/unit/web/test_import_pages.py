"""A file of clinics is given: planned where it can be read, and sent back in words where not."""

import gzip
import io
import tempfile
import time
import zipfile

import pytest
from tests.worlds import page
from tests.worlds.page import Document
from tests.worlds.plans import A, B, known, registered

from sync_worker.web.forms import MOST_FILE_BYTES
from sync_worker.web.uploads import Busy, Uploads


def workbook():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr("xl/workbook.xml", "")
    return content.getvalue()


def give(browser, content, name="lista.csv", **fields):
    """Send a file with the form."""
    chosen = {"atgard": "add", "anledning": "Beställning 17", "tillbaka": "/importera", **fields}
    return browser.client.post(
        "/importera", data=chosen, files={"fil": (name, content)}, headers=page.FROM_HERE
    )


def given(browser, *hsa_ids, **fields):
    """The page of the plan that a file with these ids becomes."""
    answer = give(browser, "\n".join(hsa_ids).encode(), **fields)
    assert (answer.status_code, answer.url.path) == (200, "/importera/plan"), answer.text
    return Document(answer.text)


def test_the_form_says_what_it_takes(anna):
    shown = anna.page("/importera")
    assert "Högst 5 MiB och 20 000 rader" in shown.main
    assert "20,000 rows" in anna.page("/importera", sprak="en").main
    assert "Inget ändras förrän du har granskat och bekräftat." in shown.main
    assert [radio.get("checked") for radio in shown.all("input", type="radio")] == [None, None]


def test_a_file_becomes_a_plan_and_nothing_is_done(anna, registry):
    known(registry, A, B)
    shown = given(anna, A, B.lower())
    assert shown.heading == "Granska innan du lägger till"
    assert "2 mottagningar läggs till." in shown.main
    assert "Från filen lista.csv" in shown.main
    assert "Anledning: Beställning 17" in shown.main
    assert registered(registry) == set()


def test_a_file_can_be_planned_for_removal(anna, registry):
    known(registry, A)
    anna.post("/mottagning/lagg-till", kod="01", hsa_id=A)
    shown = given(anna, A, atgard="remove")
    assert shown.heading == "Granska innan du tar bort"
    assert shown.one("button", class_="grave").text == "Ta bort 1 mottagning"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Det finns inget HSA-id i filen."),
        (b"\r\n \r\n", "Det finns inget HSA-id i filen."),
        (workbook(), "Filen är en arbetsbok från Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "Filen är en arbetsbok från Excel"),
        (gzip.compress(A.encode()), "Filen är komprimerad (gzip)"),
        (b"PK\x03\x04" + bytes(100), "Filen är komprimerad (zip)"),
        (b"%PDF-1.7", "Filen är ett dokument (PDF)"),
        (b"\xff\xfeS", "den är avkortad eller skadad"),
        (b'namn;HSA-id\r\n"Solen;' + A.encode(), "saknar ett korrekt slut"),
        (b"namn;plats\r\nSolen;Solna\r\n", "Ingen kolumn heter HSA-id"),
        (f"Solen;{A}\r\nMånen;{B}\r\n".encode(), "Kolumn 2 ser ut att innehålla HSA-id:n"),
        (f"{A}\n".encode() * 20_001, "Listan har 20 001 rader"),
        (b"A\n" * 500_001, "Filen har fler än 500 000 rader"),
    ],
    ids=[
        "empty",
        "blank",
        "workbook",
        "old workbook",
        "gzip",
        "zip",
        "pdf",
        "cut off",
        "open quote",
        "no column of ids",
        "another column",
        "too many rows",
        "far too many rows",
    ],
)
def test_a_file_that_cannot_be_used_is_explained(anna, content, said):
    answer = give(anna, content)
    shown = Document(answer.text)
    assert answer.status_code == 422
    assert shown.one("title").text.startswith("Fel: ")
    assert said in shown.one("a", href="#fil").text
    assert said in shown.one("p", id="fil-error").text
    assert shown.one("input", id="anledning").get("value") == "Beställning 17"
    assert shown.one("input", value="add").get("checked") == ""


@pytest.mark.parametrize("files", [None, {"fil": ("", b"")}], ids=["no field", "no file"])
def test_a_file_must_be_chosen(anna, files):
    chosen = {"atgard": "remove", "anledning": "17"}
    answer = anna.client.post("/importera", data=chosen, files=files, headers=page.FROM_HERE)
    shown = Document(answer.text)
    assert answer.status_code == 422
    assert shown.one("a", href="#fil").text == "Välj en fil."
    assert shown.one("input", value="remove").get("checked") == ""


@pytest.mark.parametrize("action", ["", "confirm"])
def test_what_is_to_be_done_must_be_chosen(anna, action):
    answer = give(anna, A.encode(), atgard=action)
    assert answer.status_code == 422
    assert "läggas till eller tas bort" in Document(answer.text).one("a", href="#atgard").text


def test_a_file_that_the_browser_forgets_is_asked_for(anna, site):
    again = "Välj filen igen: den sparas inte med formuläret."
    assert again not in anna.page("/importera").main
    shown = Document(give(anna, A.encode(), atgard="").text)
    assert [each.text for each in shown.all("a", href="#fil")] == [again]
    site.now.now += page.IDLE
    assert give(anna, A.encode()).status_code == 401
    anna.sign_in(page.REGIONAL)
    assert again in anna.page("/importera").one("p", id="fil-hint").text


def test_a_reason_that_is_too_long_is_refused(anna):
    answer = give(anna, A.encode(), anledning="å" * 501)
    assert answer.status_code == 422
    assert Document(answer.text).one("input", id="anledning").get("value") == "å" * 501


def test_a_file_may_be_so_large_and_no_larger(anna):
    largest = (A.encode() + b";" + b" " * 1_000 + b"\n") * 6_000
    assert give(anna, largest[:MOST_FILE_BYTES]).url.path == "/importera/plan"
    for content in (largest[: MOST_FILE_BYTES + 1], largest):
        answer = give(anna, content)
        assert answer.status_code == 413
        shown = Document(answer.text)
        assert shown.heading == "Filen är för stor"
        assert "Tillbaka till formuläret" in [a.text for a in shown.all("a", href="/importera")]


@pytest.mark.parametrize("of", [b'"', b";", b"A", b'""', b'"\n', b"\x00", b"\r", b";\n", b"=+;"])
def test_an_odd_file_of_full_size_is_answered(anna, of):
    begun = time.process_time()
    answer = give(anna, of * (MOST_FILE_BYTES // len(of)))
    assert answer.status_code in {200, 422}
    assert time.process_time() - begun < 25  # seconds: a proxy waits for no more than 30


def test_nothing_of_a_file_is_written_to_a_disk(anna, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/there/is/no/such/folder")
    assert give(anna, b" " * (MOST_FILE_BYTES - 20) + A.encode()).status_code == 200


def test_one_file_of_a_person_is_read_at_once(anna, site):
    with site.uploads.one_of("SE2321000016-ADM1"):
        answer = give(anna, A.encode())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "En annan fil från dig läses just nu." in Document(answer.text).main
    assert give(anna, A.encode()).status_code == 200


def test_two_files_of_all_are_read_at_once(anna, site):
    with site.uploads.one_of("bo"), site.uploads.one_of("cia"):
        answer = give(anna, A.encode())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "Många använder sidan just nu." in Document(answer.text).main


def test_a_file_that_fails_makes_room_for_the_next():
    uploads = Uploads()
    with pytest.raises(ZeroDivisionError), uploads.one_of("anna"):
        raise ZeroDivisionError
    with uploads.one_of("anna"), pytest.raises(Busy), uploads.one_of("anna"):
        pass
    with uploads.one_of("anna"):
        pass


def test_how_the_file_was_read_is_told_once(anna, registry):
    known(registry, A, B)
    answer = give(anna, f"Lista\nHSA-id;Namn\n{A};Solen\n{B};Månen\n".encode())
    shown = Document(answer.text)
    assert shown.one("div", role="status").text == (
        "Rubriken står på rad 2: det som står ovanför lästes inte."
    )
    assert "2 mottagningar läggs till." in shown.main
    assert Document(anna.get(str(answer.url)).text).all("div", role="status") == []


def test_several_remarks_on_a_file_are_all_told(anna):
    answer = give(anna, f"{A};{B}\n".encode())
    said = Document(answer.text).one("div", role="status").text
    assert "Ingen kolumn heter HSA-id" in said
    assert "bara det första på varje rad lästes" in said


HOSTILE = [
    '"; filename="x.html',
    "a\r\nSet-Cookie: a=b",
    "../../etc/passwd",
    "<script>.csv",
    "\u202e",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_files_name_is_only_a_text(anna, name):
    answer = give(anna, b"SE1", name=name)
    shown = Document(answer.text)
    assert answer.url.path == "/importera/plan"
    assert shown.all("script") == []
    report = anna.get("/importera/plan/avvisade.csv", id=answer.url.params["id"])
    assert report.headers["Content-Disposition"] == 'attachment; filename="avvisade-rader.csv"'
    assert "Set-Cookie" not in report.headers


@pytest.mark.parametrize("name", HOSTILE)
def test_a_files_name_that_is_not_escaped_does_nothing(anna, name):
    disposition = f'Content-Disposition: form-data; name="fil"; filename="{name}"'
    action = 'Content-Disposition: form-data; name="atgard"\r\n\r\nadd'
    body = f"--b\r\n{action}\r\n--b\r\n{disposition}\r\n\r\nSE1\r\n--b--\r\n".encode()
    headers = {**page.FROM_HERE, "Content-Type": "multipart/form-data; boundary=b"}
    answer = anna.client.post("/importera", content=body, headers=headers)
    assert answer.status_code in {200, 400, 422}
    assert Document(answer.text).all("script") == []
    assert "Set-Cookie" not in answer.headers


def test_what_was_chosen_survives_signing_in_again(anna, site):
    site.now.now += page.IDLE
    answer = give(anna, A.encode(), atgard="remove")
    assert answer.status_code == 401
    anna.sign_in(page.REGIONAL)
    shown = anna.page("/importera")
    assert shown.one("input", value="remove").get("checked") == ""
    assert shown.one("input", id="anledning").get("value") == "Beställning 17"
    assert anna.page("/importera").one("input", id="anledning").get("value") == ""


def test_a_plan_is_judged_for_all_regions_of_somebodys_rights(browser, registry):
    known(registry, A)
    known(registry, B, region_code="03")
    shown = given(browser.sign_in(page.BOTH), A, B)
    assert "2 mottagningar läggs till." in shown.main


@pytest.mark.parametrize("person", [page.SUPPORT, page.OPERATOR, page.READER, page.NOBODY])
def test_who_administers_nothing_gives_no_file(browser, person):
    browser.sign_in(person)
    assert browser.get("/importera").status_code == 403
    assert give(browser, A.encode()).status_code == 403
