"""Every format of one small report with every feature, and of a clean one, to the letter.

After a change that is meant, write the files anew and read the difference:

    POLICYLINT_UPDATE_GOLDEN=1 python3 dev.py test tests/output/test_golden.py
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.output.reports import FORMATS, clean, data_file, showcase

if TYPE_CHECKING:
    from collections.abc import Callable

    from policylint.finding import Report


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("report", [showcase, clean], ids=["showcase", "clean"])
def test_a_report_reads_as_before(report: Callable[[], Report], form: str) -> None:
    path = data_file(os.path.join("golden", f"{report.__name__}.{form}"))
    written = FORMATS[form](report())
    if os.environ.get("POLICYLINT_UPDATE_GOLDEN"):
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(written)
    with open(path, encoding="utf-8", newline="") as file:
        assert written == file.read()
