-- Is any of the file's accounts known already?
SELECT EXISTS (SELECT FROM incoming i JOIN daybook.account a ON a.account_ref = i.account_ref)
