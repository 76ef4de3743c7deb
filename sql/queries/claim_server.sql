-- What a server must promise before money moves.
SELECT current_setting('fsync'), current_setting('full_page_writes'),
       current_setting('synchronous_commit'), current_setting('server_encoding'),
       pg_is_in_recovery(), to_regclass('daybook.schema_version') IS NOT NULL
