-- up
-- breaking: a process of before does not know what a key is bound to, and opens with it whatever its scopes allow

-- A service account is disabled and stays: its keys, and what the audit trail says of it, name it.
revoke delete on access.service_accounts from plimsoll_app, plimsoll_system;

-- down
grant delete on access.service_accounts to plimsoll_app, plimsoll_system;
