/*
 * profile_load: the parts of loading; shared by the profile_load*.c files alone.
 */
#ifndef DAYBOOK_WIRE_PROFILE_LOAD_H
#define DAYBOOK_WIRE_PROFILE_LOAD_H

#include "wire/profile_form.h"
#include "wire/yaml.h"

/* What is under way while a file is loaded. */
struct loading {
    struct yaml yaml;
    struct profile *profile;
};

/* Into the pool, with a NUL behind; NULL: full (an error is noted at the node). */
const char *profile_load_keep(struct loading *loading, struct fy_node *node, const char *text,
                              size_t text_bytes);

/* What a request is about, and so which fields it may say. */
enum subject { SUBJECT_BALANCE, SUBJECT_TRANSFER, SUBJECT_LIST };

/* A request, of a mapping whose keys are checked. */
MUST_USE bool profile_load_request(struct loading *loading, struct fy_node *node,
                                   enum subject subject, struct request *request);
/* The list of a transfer, whose answer is loaded. */
MUST_USE bool profile_load_listing(struct loading *loading, struct fy_node *node,
                                   struct transfer_call *call);
/* Where in answers the values are; each checks the keys of its mapping. */
MUST_USE bool profile_load_balance_answer(struct loading *loading, struct fy_node *node);
MUST_USE bool profile_load_transfer_answer(struct loading *loading, struct fy_node *node,
                                           struct form *form);
MUST_USE bool profile_load_error(struct loading *loading, struct fy_node *node);
/* A path under an optional key of `map`; nothing when the key is absent. */
MUST_USE bool profile_load_path(struct loading *loading, struct fy_node *map, const char *key,
                                struct json_path *path);
/* The same under a key that must be there, of a value that may be absent: its path ends in `?`. */
MUST_USE bool profile_load_maybe_path(struct loading *loading, struct fy_node *map, const char *key,
                                      struct json_path *path);
/* The table of outcomes. */
MUST_USE bool profile_load_outcomes(struct loading *loading, struct fy_node *node);

#endif
