-- Many accounts at once: whose their numbers are is settled in one pass over the new ones.
SET LOCAL ROLE daybook_owner;

-- A number belongs to the account that had it first; two imports at once wait for each other here.
-- What is inserted plainly is what this account does not have yet; where that meets what is there
-- already (another account's, or another transaction's of a moment ago, or the same number twice
-- in one statement), every number is looked at by itself.
CREATE OR REPLACE FUNCTION daybook.guard_mapping()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, daybook, pg_temp
AS $$
BEGIN
    BEGIN
        INSERT INTO daybook.virtual_account (bank, virtual_account, account_id)
        SELECT n.bank, n.virtual_account, n.account_id
        FROM added n
        LEFT JOIN daybook.virtual_account v
            ON v.bank = n.bank AND v.virtual_account = n.virtual_account
        WHERE v.account_id IS DISTINCT FROM n.account_id
        ORDER BY n.bank COLLATE "C", n.virtual_account COLLATE "C";
        RETURN NULL;
    EXCEPTION
        WHEN unique_violation THEN
            NULL; -- undone: the long way
    END;
    INSERT INTO daybook.virtual_account (bank, virtual_account, account_id)
    SELECT DISTINCT n.bank COLLATE "C", n.virtual_account COLLATE "C", n.account_id
    FROM added n ORDER BY 1, 2, 3
    ON CONFLICT (bank, virtual_account) DO NOTHING;
    IF EXISTS (SELECT FROM added n
               JOIN daybook.virtual_account v
                   ON v.bank = n.bank AND v.virtual_account = n.virtual_account
               WHERE v.account_id <> n.account_id) THEN
        RAISE EXCEPTION USING ERRCODE = '23505',
            MESSAGE = 'a virtual account of this mapping belongs to another account';
    END IF;
    RETURN NULL;
END
$$;

-- An import gives new accounts and mappings their ids itself, so that it need not look them up again.
-- It may take the next ones, no more: to set a sequence needs UPDATE.
GRANT USAGE ON SEQUENCE daybook.account_account_id_seq, daybook.mapping_mapping_id_seq
    TO daybook_engine;

RESET ROLE;
