SELECT coalesce(max(version), 0) FROM daybook.schema_version
