-- The functions of the schema that are written as text, and that text.
SELECT p.proname, p.prosrc
FROM pg_proc p
WHERE p.pronamespace = to_regnamespace('daybook') AND p.prosqlbody IS NULL
