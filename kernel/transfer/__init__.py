"""Documents in and out as files: CSV and JSONL with a mapping, whole tenants, ledgers for hledger and beancount.

Owns no table. Imports kernel.documents, context, tenancy; never kernel.cli. Verbs: Importer.run, write_documents,
write_archive, write_hledger, write_beancount.
"""
