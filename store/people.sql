-- name: account_by_login
SELECT accounts.account_id, accounts.login, accounts.name, accounts.role, accounts.scope, responders.code AS responder,
    accounts.password_argon2, accounts.disabled_at, accounts.demo
FROM accounts LEFT JOIN responders USING (responder_id)
WHERE accounts.login = %(login)s;

-- name: list_accounts
SELECT accounts.account_id, accounts.login, accounts.name, accounts.role, accounts.scope, responders.code AS responder,
    accounts.password_argon2, accounts.disabled_at, accounts.demo
FROM accounts LEFT JOIN responders USING (responder_id)
ORDER BY accounts.login;

-- name: add_account
INSERT INTO accounts (login, name, role, scope, responder_id, demo)
VALUES (%(login)s, %(name)s, %(role)s, %(scope)s, (SELECT responder_id FROM responders WHERE code = %(responder)s), false)
ON CONFLICT (login) DO NOTHING
RETURNING account_id;

-- name: set_password_hash
UPDATE accounts SET password_argon2 = %(password_argon2)s WHERE login = %(login)s RETURNING account_id;

-- name: create_session
INSERT INTO sessions (token_sha256, account_id, created_at, expires_at)
VALUES (%(token_sha256)s, %(account_id)s, %(now)s, %(expires)s)
ON CONFLICT (token_sha256) DO UPDATE SET expires_at = greatest(sessions.expires_at, excluded.expires_at)
    WHERE sessions.account_id = excluded.account_id;

-- name: sessions
SELECT sessions.token_sha256, accounts.account_id, accounts.login, accounts.name, accounts.role, accounts.scope,
    responders.code AS responder, accounts.demo, sessions.created_at, sessions.expires_at
FROM sessions
JOIN accounts USING (account_id)
LEFT JOIN responders USING (responder_id)
WHERE sessions.expires_at > %(now)s AND accounts.disabled_at IS NULL
    AND (%(token_sha256)s::bytea IS NULL OR sessions.token_sha256 = %(token_sha256)s)
ORDER BY sessions.created_at, sessions.token_sha256;

-- name: renew_session
-- one that was ended meanwhile does not come back
UPDATE sessions SET expires_at = greatest(expires_at, %(expires)s) WHERE token_sha256 = %(token_sha256)s;

-- name: end_sessions
DELETE FROM sessions USING accounts
WHERE accounts.account_id = sessions.account_id AND accounts.login = %(login)s
RETURNING sessions.token_sha256;

-- name: delete_session
DELETE FROM sessions WHERE token_sha256 = %(token_sha256)s;

-- name: delete_expired
DELETE FROM sessions WHERE expires_at <= %(now)s;
