-- The imported revision becomes the current one: $1 batch, $2 revision.
INSERT INTO daybook.batch_head (batch_id, revision) VALUES ($1::int, $2::int)
ON CONFLICT (batch_id) DO UPDATE SET revision = excluded.revision
