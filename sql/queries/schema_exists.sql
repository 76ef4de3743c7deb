SELECT to_regclass('daybook.schema_version') IS NOT NULL
