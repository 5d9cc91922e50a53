"""Taking applets away: what speaks against it, tombstones, an archive on wish, and purging in the end.

Owns no table: tombstones are documents whose applet is not enabled, and a column of `applets`. Imports the kernel.
Verbs: removal_findings, settle_tombstones, export_applet, count_purge, purge.
"""
