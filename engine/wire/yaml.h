/*
 * yaml: a YAML file read with errors that say file:line:col, what is wrong and what to do.
 *
 * The first error is kept, later ones are dropped; readers return false after one. Unknown keys are
 * errors with a hint. One document, no aliases. For start-up only: it allocates.
 */
#ifndef DAYBOOK_WIRE_YAML_H
#define DAYBOOK_WIRE_YAML_H

#include <libfyaml.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

struct yaml {
    const char *file; /* as named in errors */
    char *error;
    size_t error_capacity;
    bool failed;
    /* private to yaml.c */
    struct fy_diag *diag;
    struct fy_parser *parser;
    struct fy_document *document;
};

/*
 * Parse `text`, which must stay until yaml_close. Returns the root, or NULL with `error` filled;
 * yaml_close must be called in both cases.
 */
struct fy_node *yaml_open(struct yaml *yaml, const char *file, const char *text, size_t text_bytes,
                          char *error, size_t error_capacity);
void yaml_close(struct yaml *yaml);

/* Note an error at the node; always false. */
__attribute__((format(printf, 3, 4))) bool yaml_fail(struct yaml *yaml, struct fy_node *node,
                                                     const char *format, ...);

/* A mapping with no keys but these (NULL ends the list), each of them at most once. */
MUST_USE bool yaml_map(struct yaml *yaml, struct fy_node *node, const char *const *keys);
/* The key of a pair that has a value. */
MUST_USE bool yaml_pair(struct yaml *yaml, struct fy_node_pair *pair, const char **key,
                        size_t *key_bytes);
/* The value of a key, or NULL. */
struct fy_node *yaml_get(struct fy_node *map, const char *key);
/* The same; where it is missing, that is an error. */
struct fy_node *yaml_need(struct yaml *yaml, struct fy_node *map, const char *key);

/* One or many: item `index` of a sequence, or for 0 the node itself where it is none; NULL: end. */
struct fy_node *yaml_item(struct fy_node *node, uint32_t index);

/* A text of at least one byte, not NUL-terminated; it stays until yaml_close. */
MUST_USE bool yaml_text(struct yaml *yaml, struct fy_node *node, const char **text,
                        size_t *text_bytes);
/* One of `words` (NULL ends the list), by its index. */
MUST_USE bool yaml_word(struct yaml *yaml, struct fy_node *node, const char *const *words,
                        uint32_t *index);
MUST_USE bool yaml_number(struct yaml *yaml, struct fy_node *node, uint64_t least, uint64_t most,
                          uint64_t *number);
/* "500ms", "20s", "15min", "24h", "30d"; where `never` is not NULL, that word means AT_NEVER. */
MUST_USE bool yaml_duration(struct yaml *yaml, struct fy_node *node, const char *never,
                            uint64_t *duration_ns);

/* Of `words`, the one nearest to a misspelt text, or NULL when none is near. */
const char *yaml_nearest(const char *text, size_t text_bytes, const char *const *words);

#endif
