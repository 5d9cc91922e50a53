"""Connections, the unit of work, migrations.

Owns pools, transactions and the layout of schemas. Imports sdk, psycopg, SQLAlchemy and kernel.tenancy.record. Verbs:
`Database.transaction`, `UnitOfWork.execute`, `UnitOfWork.commit`, `migrate_platform`, `migrate_tenant`.
"""
