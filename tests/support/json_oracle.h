/*
 * json_oracle: our JSON scanner beside jansson: is a text the same to both?
 *
 * Where they may differ is here alone: what wire/json.h says it refuses, and jansson does not. It
 * is looked for in the text and in what jansson read, not in what ours says.
 */
#ifndef DAYBOOK_TESTS_JSON_ORACLE_H
#define DAYBOOK_TESTS_JSON_ORACLE_H

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json.h"

enum json_verdict {
    JSON_BOTH_REFUSE,
    JSON_BOTH_ACCEPT, /* the same values, the same order */
    JSON_OURS_LIMITS, /* jansson accepts, ours refuses by a limit that it states */
    JSON_DIFFER,      /* a defect */
};

/* 1e308 or more. */
static inline bool json_oracle_is_large(const json_t *real)
{
    // Printed, as no code here may look at a double: "1.7e+308" has its exponent at its end.
    char text[64] = "";
    size_t bytes = json_dumpb(real, text, sizeof(text) - 1, JSON_ENCODE_ANY);
    const char *exponent = bytes < sizeof(text) ? strchr(text, 'e') : NULL;
    return exponent != NULL && strtol(exponent + 1, NULL, 10) >= 308;
}

/* Does anything in it pass a limit of ours? */
static inline bool json_oracle_passes_limits(const json_t *value)
{
    if (json_is_real(value))
        return json_oracle_is_large(value);
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            if (json_oracle_passes_limits(json_array_get(value, i)))
                return true;
        return false;
    }
    if (!json_is_object(value))
        return false;
    if (json_object_size(value) > JSON_MEMBERS_MAX)
        return true;
    const char *name;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)value, name,
                        member) if (json_oracle_passes_limits(member)) return true;
    return false;
}

static inline bool json_oracle_same(const struct json_node *ours, const json_t *theirs);

static inline bool json_oracle_same_list(const struct json_node *ours, const json_t *theirs)
{
    uint32_t span = 1;
    if (!json_is_array(theirs) || json_array_size(theirs) != ours->count)
        return false;
    for (size_t i = 0; i < ours->count; i++) {
        const struct json_node *item = json_item(ours, i);
        if (item == NULL || item != ours + span || item->name != NULL ||
            !json_oracle_same(item, json_array_get(theirs, i)))
            return false;
        span += item->span;
    }
    return span == ours->span && json_item(ours, ours->count) == NULL &&
           json_member(ours, "", 0) == NULL;
}

static inline bool json_oracle_same_object(const struct json_node *ours, const json_t *theirs)
{
    uint32_t span = 1;
    if (!json_is_object(theirs) || json_object_size(theirs) != ours->count)
        return false;
    // Names are compared both ways: as many, each found by the other.
    for (uint32_t i = 0; i < ours->count; i++) {
        const struct json_node *member = ours + span;
        const json_t *found = json_object_getn(theirs, member->name, member->name_bytes);
        if (found == NULL || json_member(ours, member->name, member->name_bytes) != member ||
            !json_oracle_same(member, found))
            return false;
        span += member->span;
    }
    return span == ours->span && json_item(ours, 0) == NULL;
}

static inline bool json_oracle_same(const struct json_node *ours, const json_t *theirs)
{
    bool is_leaf = ours->kind != JSON_KIND_LIST && ours->kind != JSON_KIND_OBJECT;
    if (is_leaf && (ours->span != 1 || json_item(ours, 0) != NULL || json_member(ours, "", 0)))
        return false;
    switch (ours->kind) {
    case JSON_KIND_NULL:
        return json_is_null(theirs);
    case JSON_KIND_BOOL:
        return json_is_boolean(theirs);
    case JSON_KIND_INTEGER:
        return json_is_integer(theirs) && json_integer_value(theirs) == ours->integer;
    case JSON_KIND_REAL:
        return json_is_real(theirs);
    case JSON_KIND_TEXT:
        return json_is_string(theirs) && json_string_length(theirs) == ours->text_bytes &&
               memcmp(json_string_value(theirs), ours->text, ours->text_bytes) == 0;
    case JSON_KIND_LIST:
        return json_oracle_same_list(ours, theirs);
    case JSON_KIND_OBJECT:
        return json_oracle_same_object(ours, theirs);
    }
    return false;
}

/* The room ours needs at most for so many bytes: a value takes two ("1,"), a text its own. */
static inline size_t json_oracle_room_bytes(size_t text_bytes)
{
    return (text_bytes / 2 + 1) * sizeof(struct json_node) + text_bytes;
}

/* `room` of json_oracle_room_bytes at least. */
static inline enum json_verdict json_oracle_compare(const char *text, size_t text_bytes, void *room,
                                                    size_t room_bytes)
{
    const struct json_node *ours = json_scan(text, text_bytes, room, room_bytes);
    json_t *theirs = json_loadb(text, text_bytes, JSON_REJECT_DUPLICATES, NULL);
    enum json_verdict verdict = JSON_DIFFER;
    if (ours == NULL && theirs == NULL)
        verdict = JSON_BOTH_REFUSE;
    else if (ours == NULL && (memchr(text, 0, text_bytes) || json_oracle_passes_limits(theirs)))
        verdict = JSON_OURS_LIMITS;
    else if (ours != NULL && theirs != NULL && json_oracle_same(ours, theirs))
        verdict = JSON_BOTH_ACCEPT;
    json_decref(theirs);
    return verdict;
}

#endif
