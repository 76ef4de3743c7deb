/* Where in an answer the values are. */
#include <string.h>

#include "wire/profile_load.h"

/* "[12]", or a name up to the next "." or "["; returns the bytes taken, 0: not a path. */
static size_t take_segment(const char *text, size_t left, struct json_path *path)
{
    if (path->count == SEGMENTS_MAX)
        return 0;
    size_t i = 0;
    if (text[0] == '[') {
        size_t index = 0;
        for (i = 1; i < left && i < 4 && text[i] >= '0' && text[i] <= '9'; i++)
            index = index * 10 + (size_t)(text[i] - '0');
        if (i == 1 || i == left || text[i] != ']')
            return 0;
        path->segments[path->count++].index = index;
        return i + 1;
    }
    while (i < left && text[i] != '.' && text[i] != '[' && text[i] != ']' && text[i] != '?')
        i++;
    if (i > 0) {
        path->segments[path->count].name = text;
        path->segments[path->count++].name_bytes = i;
    }
    return i;
}

static bool parse_path(const char *text, size_t text_bytes, struct json_path *path)
{
    *path = (struct json_path){.optional = text[text_bytes - 1] == '?'};
    size_t end = text_bytes - path->optional;
    for (size_t i = 0; i < end;) {
        size_t taken = take_segment(text + i, end - i, path);
        if (taken == 0)
            return false;
        i += taken;
        // A point stands between names only, and nothing may follow it but a name.
        if (i < end && text[i] == '.' && (++i == end || text[i] == '['))
            return false;
        else if (i < end && text[i - 1] == ']' && text[i] != '[')
            return false;
    }
    return path->count > 0;
}

static bool load_path(struct loading *loading, struct fy_node *node, bool may_be_optional,
                      struct json_path *path)
{
    const char *text;
    size_t text_bytes;
    if (!yaml_text(&loading->yaml, node, &text, &text_bytes))
        return false;
    text = profile_load_keep(loading, node, text, text_bytes);
    if (text == NULL)
        return false;
    if (!parse_path(text, text_bytes, path))
        return yaml_fail(&loading->yaml, node, "here must be a path, as in `data.items[0].id`");
    if (path->optional && !may_be_optional)
        return yaml_fail(&loading->yaml, node, "this one may not end in `?`; take it out");
    return true;
}

bool profile_load_path(struct loading *loading, struct fy_node *map, const char *key,
                       struct json_path *path)
{
    struct fy_node *node = yaml_get(map, key);
    return node == NULL || load_path(loading, node, false, path);
}

bool profile_load_maybe_path(struct loading *loading, struct fy_node *map, const char *key,
                             struct json_path *path)
{
    struct fy_node *node = yaml_need(&loading->yaml, map, key);
    return node != NULL && load_path(loading, node, true, path);
}

static bool load_echo(struct loading *loading, struct fy_node *node, bool is_balance,
                      struct form *form)
{
    static const char *const of_balance[] = {"virtual_account", "currency", NULL};
    static const char *const of_transfer[] = {"virtual_account", "from",        "to",
                                              "payout_bank",     "holder_name", "key",
                                              "amount",          "currency",    NULL};
    if (node == NULL)
        return true;
    if (!yaml_map(&loading->yaml, node, is_balance ? of_balance : of_transfer))
        return false;
    for (uint32_t field = 0; field < FIELD_ECHO_COUNT; field++) {
        struct fy_node *path = yaml_get(node, profile_field_names[field]);
        if (path == NULL)
            continue;
        CHECK(form->echo_count < ECHOES_MAX);
        struct echo *echo = &form->echoes[form->echo_count++];
        echo->field = (uint8_t)field;
        if (!load_path(loading, path, true, &echo->path))
            return false;
    }
    return true;
}

bool profile_load_balance_answer(struct loading *loading, struct fy_node *node)
{
    static const char *const keys[] = {"amount", "code", "bank_code", "echo", NULL};
    struct form *form = &loading->profile->balance_answer;
    return yaml_map(&loading->yaml, node, keys) &&
           yaml_need(&loading->yaml, node, "amount") != NULL &&
           profile_load_path(loading, node, "amount", &form->amount) &&
           profile_load_path(loading, node, "code", &form->code) &&
           profile_load_path(loading, node, "bank_code", &form->bank_code) &&
           load_echo(loading, yaml_get(node, "echo"), true, form);
}

bool profile_load_transfer_answer(struct loading *loading, struct fy_node *node, struct form *form)
{
    static const char *const keys[] = {"reference", "state", "code", "bank_code",
                                       "fee",       "echo",  NULL};
    return yaml_map(&loading->yaml, node, keys) &&
           profile_load_path(loading, node, "reference", &form->reference) &&
           profile_load_path(loading, node, "state", &form->state) &&
           profile_load_path(loading, node, "code", &form->code) &&
           profile_load_path(loading, node, "bank_code", &form->bank_code) &&
           profile_load_path(loading, node, "fee", &form->fee) &&
           load_echo(loading, yaml_get(node, "echo"), false, form);
}

bool profile_load_error(struct loading *loading, struct fy_node *node)
{
    static const char *const keys[] = {"code", "bank_code", "retry_after", NULL};
    struct profile *profile = loading->profile;
    return yaml_map(&loading->yaml, node, keys) &&
           profile_load_path(loading, node, "code", &profile->error.code) &&
           profile_load_path(loading, node, "bank_code", &profile->error.bank_code) &&
           profile_load_path(loading, node, "retry_after", &profile->retry_after);
}
