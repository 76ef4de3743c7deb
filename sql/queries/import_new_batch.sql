-- $1 cohort, $2 date, $3 currency.
INSERT INTO daybook.batch (cohort, settle_date, currency) VALUES ($1, $2::date, $3)
RETURNING batch_id
