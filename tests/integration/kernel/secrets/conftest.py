"""Clinics, for tests of what is encrypted."""

import pytest

from tests.integration.kernel.secrets.clinic import make_clinic, open_clinics


@pytest.fixture(scope="module")
def clinics(empty_database, tmp_path_factory):
    with open_clinics(empty_database(), tmp_path_factory.mktemp("clinics")) as kernel:
        yield kernel


@pytest.fixture
def clinic(clinics):
    return make_clinic(clinics)
