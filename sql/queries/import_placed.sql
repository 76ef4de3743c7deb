-- Each row's account, and its newest mapping where that says the same as the file.
INSERT INTO placed (position, account_id, version, mapping_id)
SELECT i.position, a.account_id, coalesce(newest.version, 0),
       CASE WHEN (newest.bank, newest.virtual_account, newest.payout_bank, newest.payout_account,
                  newest.holder_name)
                 = (i.bank, i.virtual_account, i.payout_bank, i.payout_account, i.holder_name)
            THEN newest.mapping_id END
FROM incoming i
JOIN daybook.account a ON a.account_ref = i.account_ref
LEFT JOIN LATERAL (
    SELECT m.mapping_id, m.version, m.bank, m.virtual_account, m.payout_bank, m.payout_account,
           m.holder_name
    FROM daybook.mapping m
    WHERE m.account_id = a.account_id
    ORDER BY m.version DESC
    LIMIT 1
) newest ON true
