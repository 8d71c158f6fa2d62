-- up

-- Nothing deletes these: what was asked for and done must be provable, and a key that went would take with it what is
-- known by it. A key is written once; re-encryption, which is of every tenant, alone writes it again.
revoke delete on privacy.keys, privacy.requests, privacy.suppressions, privacy.retention_rules
  from plimsoll_app, plimsoll_system;
revoke update on privacy.keys from plimsoll_app;

-- down
grant update on privacy.keys to plimsoll_app;
grant delete on privacy.keys, privacy.requests, privacy.suppressions, privacy.retention_rules
  to plimsoll_app, plimsoll_system;
