"""Tenants: schema, role and row of each. Owns the platform's tenants table. Imports kernel.db.

Verbs: create_tenant, suspend_tenant, resume_tenant, drop_tenant, migrate_tenants, Directory.get, Directory.list.
"""
