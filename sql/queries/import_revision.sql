-- $1 batch, $2 revision, $3 accounts, $4 plan's digest in hex, $5 operator, $6 partitions.
INSERT INTO daybook.plan_revision (batch_id, revision, accounts, partitions, plan_digest, operator)
VALUES ($1::int, $2::int, $3::int, $6::int, decode($4, 'hex'), $5)
