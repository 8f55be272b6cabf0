"""`regions`: what is pointed out."""


def test_a_region_with_registered_clinics_and_no_board_is_pointed_out(populated, typed):
    rows = {row["region_code"]: row for row in typed("regions", "list", "-o", "json").items}
    assert {code for code, row in rows.items() if row["attention"]} == {"03"}
    assert rows["03"]["attention"] == "no_patient_board"
    sentence = "Region 03 has no patient board, and 1 clinic is registered there"
    assert sentence in typed("regions", "list", "-q").stderr
    assert sentence in typed("regions", "show", "03").stderr
    assert typed("regions", "show", "01").stderr == ""
    assert typed("regions", "list", "-o", "csv").stderr == ""
