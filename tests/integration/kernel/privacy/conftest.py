"""Clinics, for tests of what is known of patients."""

from tests.integration.kernel.secrets.conftest import clinic, clinics

__all__ = ["clinic", "clinics"]
