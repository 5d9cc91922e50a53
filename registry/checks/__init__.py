"""What a plan looks at in the tenant's own data: documents, states, movements, roles, templates, rules, deliveries.

Owns those checks and what makes good for them when a plan is applied. Imports kernel, sdk and registry.plans'
situations and findings. Verbs: `type_findings`, `document_findings`, `usage_findings`, `backfill_keys`.
"""
