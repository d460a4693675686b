"""What workers tell of a test that passed: that it did.

How its fixtures were made and taken down passed as well, and to hand three reports for each of
thousands of tests from process to process takes longer than many of the tests.
"""

import pytest
from _pytest.runner import runtestprotocol


class Terse:
    """Takes the place of pytest's own protocol; of what went wrong everything is told."""

    @pytest.hookimpl
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        well = all(report.passed for report in reports)
        for report in reports:
            if report.when == "call" or not well:
                item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True
