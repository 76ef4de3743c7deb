-- One account across all batches: its settlements, also those that never opened, and what people
-- asked about them.
SET LOCAL ROLE daybook_owner;

CREATE INDEX plan_account ON daybook.plan (account_id);
CREATE INDEX request_settlement ON daybook.request (settlement_id);

RESET ROLE;
