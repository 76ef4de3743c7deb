SELECT 0 AS version, '' AS sha256, '' AS name WHERE false
