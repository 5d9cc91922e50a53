"""However much is found, a plan stays of a size that can be kept and read, and nobody consents unasked."""

import pytest

from registry.plans.findings import FINDINGS_MAX, Finding, Severity, first_of, worst_first


def found(severity, count):
    return [Finding(severity, "mask_lost", f"role {number:05}", "hides a field that goes") for number in range(count)]


def test_as_many_as_there_may_be_are_all_told():
    findings = worst_first(found(Severity.WARNS, FINDINGS_MAX))
    assert first_of(findings) == findings


@pytest.mark.parametrize("severity", list(Severity))
def test_of_more_the_worst_are_told_and_the_rest_is_counted_as_bad_as_the_worst_of_it(severity):
    informing = found(Severity.INFORMS, 3)
    findings = worst_first([*informing, *found(severity, FINDINGS_MAX + 7)])
    told = first_of(findings)
    assert (len(told), told[:-1]) == (FINDINGS_MAX, findings[: FINDINGS_MAX - 1])
    rest = len(findings) - FINDINGS_MAX + 1
    assert (told[-1].rule, told[-1].severity, told[-1].details) == ("more_found", severity, {"count": rest})
