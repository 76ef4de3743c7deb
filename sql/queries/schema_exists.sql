-- Has a schema ever been applied here? No parameters.
SELECT to_regclass('daybook.schema_version') IS NOT NULL
