"""Backups: whole tenants as archives, whole servers as base backups, and what brings them back elsewhere.

Owns the files of archives and backups. Imports kernel.db, tenancy, postgres, secrets, documents.indexes, runtime.
Verbs: export_tenant, import_tenant, clone_tenant, create_backup, verify_backup, restore_backup, prune_backups, drill.
"""
