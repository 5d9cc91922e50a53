"""Events after they happened: their list, their deliveries to subscribers, the bus and the worker that carries them.

May import db, context, registers, telemetry. Verbs: emit, list_events, list_deliveries, retry_delivery, drop_delivery.
"""
