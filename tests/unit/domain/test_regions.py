"""The region codes."""

import pytest

from sync_worker.domain.regions import Regions


def test_twenty_one_regions_are_in_order_of_their_codes():
    codes = list(Regions())
    assert len(codes) == 21
    assert codes == sorted(codes)


@pytest.mark.parametrize("code", ["02", "11", "15", "16", "1", "001", "", " 01", "26"])
def test_codes_that_are_not_in_use_are_no_regions(code):
    assert code not in Regions()


def test_a_setting_adds_regions_without_touching_the_others():
    regions = Regions(["11", "01"])
    assert "11" in regions
    assert regions.name("01") == "Region Stockholm"
    assert len(list(regions)) == 22


@pytest.mark.parametrize("code", ["1", "111", "", "å1", "a b"])
def test_an_extra_code_has_two_characters(code):
    with pytest.raises(ValueError, match="not a region code"):
        Regions([code])
