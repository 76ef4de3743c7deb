-- How many of the file's accounts are known already.
SELECT count(*) FROM incoming i JOIN daybook.account a ON a.account_ref = i.account_ref
