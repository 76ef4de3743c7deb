-- What the login may do that an engine must not.
SELECT session_user,
       CASE WHEN r.rolsuper THEN 'is a superuser'
            WHEN pg_has_role(session_user, 'daybook_owner', 'member') THEN 'owns the schema'
            WHEN r.rolbypassrls OR r.rolcreaterole OR r.rolreplication
                THEN 'may make roles, replicate, or bypass row security' END AS too_much
FROM pg_roles r
WHERE r.rolname = session_user
