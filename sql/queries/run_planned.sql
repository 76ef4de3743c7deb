-- Is there a batch of cohort $1 with settlement date $2?
SELECT EXISTS (SELECT FROM daybook.batch b WHERE b.cohort = $1 AND b.settle_date = $2::date)
