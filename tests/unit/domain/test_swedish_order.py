"""Names in the order of Swedish dictionaries."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from sync_worker.domain.swedish_order import name_key


def test_the_last_three_letters_come_last_whatever_their_case():
    names = ["Örnen", "ängen", "Åsen", "Zenit", "anka", "Berg", "3:e huset"]
    assert sorted(names, key=name_key) == [
        *("3:e huset", "anka", "Berg", "Zenit", "Åsen", "ängen", "Örnen"),
    ]


def test_accents_count_only_where_nothing_else_differs():
    names = ["Idéhuset B", "Idehuset C", "Idéhuset A", "Idehuset A"]
    assert sorted(names, key=name_key) == ["Idehuset A", "Idéhuset A", "Idéhuset B", "Idehuset C"]


def test_letters_of_neighbours_stand_where_swedes_look_for_them():
    names = ["Zorn", "Ølund", "Ærlig", "Müller", "Myhr"]
    assert sorted(names, key=name_key) == ["Myhr", "Müller", "Zorn", "Ærlig", "Ølund"]


def test_the_nameless_come_last():
    assert min([None, "Ö", "  ", ""], key=name_key) == "Ö"


@given(st.text())
def test_one_name_has_one_place_however_it_is_encoded(name):
    composed, parts = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    assert name_key(composed) == name_key(parts)
