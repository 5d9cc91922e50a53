-- What is kept no longer is found by its age, once a day, a few pages however much there is.
CREATE INDEX auth_events_age ON {p}.auth_events USING brin (occurred_at) WITH (pages_per_range = 32);
CREATE INDEX sessions_age ON {p}.sessions USING brin (created_at) WITH (pages_per_range = 32);
