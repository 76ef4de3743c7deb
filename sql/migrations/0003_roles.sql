-- Who may do what. The engine owns nothing: it reads, adds, and moves heads and runs.
SET LOCAL ROLE daybook_owner;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA daybook FROM PUBLIC;
GRANT USAGE ON SCHEMA daybook TO daybook_engine, daybook_reader, daybook_auditor;

GRANT SELECT ON ALL TABLES IN SCHEMA daybook TO daybook_engine;
GRANT INSERT ON ALL TABLES IN SCHEMA daybook TO daybook_engine;
REVOKE INSERT ON daybook.schema_version FROM daybook_engine;
GRANT UPDATE ON daybook.batch_head, daybook.head, daybook.run TO daybook_engine;

GRANT EXECUTE ON FUNCTION
    daybook.advance(int, int, int, int, bytea, bytea, int, int, bigint),
    daybook.check_epoch(int, int, int)
    TO daybook_engine;

RESET ROLE;
