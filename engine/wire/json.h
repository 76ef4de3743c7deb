/*
 * json: a JSON text as a row of nodes, each right before those inside it; for what banks answer.
 *
 * One pass, strict (RFC 8259): accepts nothing that jansson refuses with JSON_REJECT_DUPLICATES,
 * and gives the same values. Of what jansson accepts it refuses only: reals of 1e308 and more,
 * objects of more than JSON_MEMBERS_MAX members, and what does not fit the room
 * (tests/fuzz/json.c).
 *
 * Purity     allocates nothing; time grows with the bytes, whatever they are.
 * Ownership  nodes lie in the room; texts there (those with escapes) or in what was read. Valid as
 *            long as both are.
 */
#ifndef DAYBOOK_WIRE_JSON_H
#define DAYBOOK_WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

#define JSON_DEPTH_MAX 2048U   /* values within values, as in jansson */
#define JSON_MEMBERS_MAX 1024U /* of one object: each name is compared with those before it */

enum json_kind {
    JSON_KIND_NULL,
    JSON_KIND_BOOL,
    JSON_KIND_INTEGER,
    JSON_KIND_REAL, /* its value is nobody's business: no amount is a real */
    JSON_KIND_TEXT,
    JSON_KIND_LIST,
    JSON_KIND_OBJECT,
};

struct json_node {
    const char *name; /* of a member of an object, else NULL; without a NUL at its end, as texts */
    union {
        const char *text; /* TEXT: UTF-8, escapes resolved; any control but NUL may be in it */
        int64_t integer;  /* INTEGER */
    };
    uint32_t name_bytes;
    union {
        uint32_t text_bytes; /* TEXT */
        uint32_t count;      /* LIST, OBJECT: what is directly in it */
    };
    uint32_t span; /* nodes it is, with all that is in it: the next one lies so far behind */
    enum json_kind kind;
};

/*
 * The root, an object or a list, or NULL: not one whole JSON text, or the room is too small. The
 * room is aligned for a node; a node for each value, and the bytes of each text with escapes.
 */
MUST_USE const struct json_node *json_scan(const char *text, size_t text_bytes, void *room,
                                           size_t room_bytes);

/* Of an object; NULL: none of that name, or it is none. */
const struct json_node *json_member(const struct json_node *object, const char *name,
                                    size_t name_bytes);
/* Of a list, from 0; NULL: no such place, or it is none. */
const struct json_node *json_item(const struct json_node *list, size_t index);

#endif
