"""How the suite's checkers read numbers."""

from __future__ import annotations

from decimal import Decimal
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

SPOKEN = {
    "one hundred and ten": "110",
    "a hundred and ten point two five rows": "110.25 rows",
    "hundred and seventeen and a half": "117.5",
    "one hundred ten and one quarter": "110.25",
    "one hundred and ten and three quarters": "110.75",
    "three rows of ten": "3 rows of 10",
    "ten-day": "10-day",
    "twenty-five": "25",
    "two three four": "2 3 4",
    "One Thousand two hundred": "1200",
    "zero point five": "0.5",
    "three and ten": "3 10",
    "the tenth of often": "the tenth of often",
    "a window": "a window",
}
READ = {
    "417.": ["417"],
    "1,417": ["1417"],
    "1,417.50": ["1417.50"],
    "1.417,50": ["1417.50"],
    "110,25 €": ["110.25"],
    "EUR110.25 and 110USD": ["110.25", "110"],
    "95.00,125.50,109.50": ["95.00", "125.50", "109.50"],
    "(-5) and 3-5": ["-5", "3", "5"],
    "1.1025e2": ["110.25"],
    "data2 10d v3 utf-8 3.11.7 x_1": [],
}


@pytest.mark.parametrize(("words", "digits"), SPOKEN.items())
def test_spoken_numbers_become_digits(reading: ModuleType, words: str, digits: str) -> None:
    assert reading.digits_for_words(words) == digits


@pytest.mark.parametrize(("text", "values"), READ.items())
def test_numbers_are_read_as_an_english_reader_would(reading: ModuleType, text: str, values: list[str]) -> None:
    assert [number.value for number in reading.numbers(text)[1]] == [Decimal(value) for value in values]


def test_a_number_that_can_be_read_in_two_ways_keeps_both(reading: ModuleType) -> None:
    (number,) = reading.numbers("110,000")[1]

    assert set(number.readings) == {Decimal(110000), Decimal(110)}


@given(value=st.decimals(min_value=0, max_value=10**6, places=2), around=st.text(alphabet="abc ,.;:()$-\n", max_size=8))
def test_a_number_is_found_whatever_stands_around_it(reading: ModuleType, value: Decimal, around: str) -> None:
    text = f"{around} {value} {around[::-1]}"

    assert [abs(number.value) for number in reading.numbers(text)[1]] == [value]


@given(text=st.text(max_size=200))
def test_any_text_can_be_read(reading: ModuleType, text: str) -> None:
    spoken, found = reading.numbers(reading.digits_for_words(text))

    assert all(0 <= number.start < number.end <= len(spoken) for number in found)


@pytest.mark.parametrize("text", ["1e999999999", "-1e999999999", "1e-999999999", "9" * 60_000])
def test_a_number_beyond_all_measure_is_a_number_still(reading: ModuleType, text: str) -> None:
    """Checkers subtract and round: that must not overflow."""
    (number,) = reading.numbers(text)[1]

    assert abs(number.value - Decimal("417.25")) > 400
    assert (number.value == number.value.to_integral_value()) is True
