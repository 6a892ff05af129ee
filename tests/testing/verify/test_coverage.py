"""Every numbered row of the docs has a test; and a row without one is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from yunmin.errors import ConfigurationError
from yunmin.testing.verify.coverage import verify_coverage

ROOT = Path(__file__).resolve().parents[3]


def a_checkout(folder: Path, *, tests: str) -> Path:
    (folder / "docs").mkdir()
    (folder / "tests").mkdir()
    (folder / "docs/faults.md").write_text("| # | what |\n|---|---|\n| N1 | a |\n| P1 | b |\n| P2 | c |\n| B3 | d |\n")
    (folder / "docs/order-lifecycle.md").write_text("**4. A case.** Text.\n\n**12. Another.** Text.\n")
    (folder / "tests/test_it.py").write_text(tests)
    return folder


def test_a_number_counts_in_a_name_in_a_range_and_in_the_id_of_a_parameter(tmp_path: Path) -> None:
    root = a_checkout(
        tmp_path,
        tests='def test_N1_a(): ...\ndef test_P1_to_P2_b(): ...\nids = {"B3_d": 1}\ndef test_case_04_x(): ...\n',
    )
    assert verify_coverage(root).untested == ("case 12",)


def test_a_number_inside_of_another_does_not_count(tmp_path: Path) -> None:
    root = a_checkout(tmp_path, tests="def test_N11_a(): ...\ndef test_case_40_x(): ...\n")
    assert verify_coverage(root).untested == ("N1", "P1", "P2", "B3", "case 4", "case 12")


def test_elsewhere_than_in_a_checkout_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="checkout"):
        verify_coverage(tmp_path)


def test_the_docs_of_this_checkout_are_covered() -> None:
    found = verify_coverage(ROOT)
    assert len(found.rows) > 130
    assert found.untested == ()
