-- What a server must promise before money moves, and which session this is. As the login role.
SELECT current_setting('fsync'), current_setting('full_page_writes'),
       current_setting('server_encoding'), pg_is_in_recovery(),
       current_setting('transaction_read_only') = 'on',
       to_regclass('daybook.schema_version') IS NOT NULL, pg_backend_pid(),
       (SELECT a.backend_start FROM pg_stat_activity a WHERE a.pid = pg_backend_pid())
