-- Is there a batch or an account of this cohort's name already?
SELECT EXISTS (SELECT FROM daybook.batch b WHERE b.cohort = $1)
    OR EXISTS (SELECT FROM daybook.account a WHERE a.account_ref = $1 || '-00001')
