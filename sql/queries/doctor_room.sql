-- Sessions that this login may still open, or fewer: a superuser's few are not counted.
SELECT current_setting('max_connections')::int
       - current_setting('superuser_reserved_connections')::int
       - (SELECT count(*) FROM pg_stat_activity a WHERE a.backend_type = 'client backend')
