-- The transaction takes the tenant's role before it reads the generation, so that the login by itself sees nothing here.
REVOKE SELECT ON {t}.meta FROM {app};
REVOKE USAGE ON SCHEMA {t} FROM {app};
