"""What operators read: JSON logs, trace ids and metrics.

Imports sdk and libraries only. Verbs: configure_logs, log_scope, parse_traceparent.
"""
