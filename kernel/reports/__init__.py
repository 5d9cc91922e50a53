"""Reports: a definition compiled to one SQL statement under the caller's permissions, laid out with totals.

Owns no table. Imports sdk, kernel.registers, kernel.documents (tables, titles), kernel.expressions, permissions.
Verbs: run, list_reports; formats json, csv, xlsx.
"""
