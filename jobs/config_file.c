/* The YAML file, by libfyaml: a mapping of sections, two levels, scalars only. */
#include <libfyaml.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "jobs/config_source.h"

#define ERRORS_SHOWN 20

/* A line that seems to hold a secret is shown up to its colon. */
static size_t shown_bytes(const char *line, size_t bytes)
{
    static const char *const words[] = {"password", "token", "secret", "://"};
    for (size_t word = 0; word < sizeof words / sizeof words[0]; word++) {
        size_t word_bytes = strlen(words[word]);
        for (size_t at = 0; at + word_bytes <= bytes; at++) {
            const char *colon = memchr(line, ':', bytes);
            if (strncasecmp(line + at, words[word], word_bytes) == 0)
                return colon == NULL ? 0 : (size_t)(colon - line) + 1;
        }
    }
    return bytes;
}

static void print_source_line(struct config_reader *reader, const struct config_place *place)
{
    const char *at = reader->sources->text;
    const char *end = at + reader->sources->text_bytes;
    for (int line = 1; line < place->line && at < end; line++) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        at = feed == NULL ? end : feed + 1;
    }
    if (at >= end)
        return;
    const char *feed = memchr(at, '\n', (size_t)(end - at));
    size_t bytes = (size_t)((feed == NULL ? end : feed) - at);
    if (bytes > 0 && at[bytes - 1] == '\r')
        bytes--;
    char shown[161];
    text_clean(shown, sizeof shown, at, shown_bytes(at, bytes));
    fprintf(reader->errors, "    %s\n    %*s^\n", shown, place->column - 1, "");
}

static void print_place(struct config_reader *reader, const struct config_place *place)
{
    bool is_file = place->from == CONFIG_FROM_FILE;
    const char *name = is_file ? reader->sources->file : place->label;
    char clean[256]; // a file's or a variable's name may be anything
    text_clean(clean, sizeof clean, name, strlen(name));
    if (is_file)
        fprintf(reader->errors, "%s:%d:%d: ", clean, place->line, place->column);
    else
        fprintf(reader->errors, "%s: ", clean);
}

void config_error(struct config_reader *reader, const struct config_place *place, const char *hint,
                  const char *format, ...)
{
    if (++reader->error_count > ERRORS_SHOWN)
        return;
    char message[512], clean[512];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    text_clean(clean, sizeof clean, message, strlen(message));
    print_place(reader, place);
    fprintf(reader->errors, "%s\n", clean);
    if (place->from == CONFIG_FROM_FILE)
        print_source_line(reader, place);
    if (hint != NULL)
        fprintf(reader->errors, "hint: %s\n", hint);
}

static struct config_place place_of(struct fy_node *node, struct config_place otherwise)
{
    struct fy_token *token = fy_node_is_scalar(node) ? fy_node_get_scalar_token(node) : NULL;
    const struct fy_mark *mark = token == NULL ? NULL : fy_token_start_mark(token);
    if (mark == NULL)
        return otherwise;
    return (struct config_place){
        .from = CONFIG_FROM_FILE, .line = mark->line + 1, .column = mark->column + 1};
}

/* A pair's key as text; NULL: reported. */
static const char *take_key(struct config_reader *reader, struct fy_node_pair *pair,
                            struct config_place *place)
{
    struct fy_node *node = fy_node_pair_key(pair);
    struct config_place start = {.from = CONFIG_FROM_FILE, .line = 1, .column = 1};
    const char *key = NULL;
    if (node != NULL) {
        *place = place_of(node, start);
        if (fy_node_is_scalar(node) && !fy_node_is_alias(node))
            key = fy_node_get_scalar0(node);
    }
    if (key == NULL)
        config_error(reader, place, NULL, "a key must be plain text");
    return key;
}

static void take_value(struct config_reader *reader, struct config_bank *bank, const char *name,
                       struct fy_node *node, const struct config_place *key_place)
{
    if (node == NULL || !fy_node_is_scalar(node) || fy_node_is_alias(node)) {
        config_error(reader, key_place, NULL, "%s must be one value, not a list or a section",
                     name);
        return;
    }
    struct config_place place = place_of(node, *key_place);
    size_t bytes = 0;
    const char *text = fy_node_get_scalar(node, &bytes);
    const char *text0 = fy_node_get_scalar0(node);
    if (text == NULL || text0 == NULL || bytes == 0) {
        config_error(reader, key_place, "leave the key out to take its default", "%s has no value",
                     name);
        return;
    }
    if (strlen(text0) != bytes) {
        config_error(reader, &place, NULL, "%s has a NUL byte", name);
        return;
    }
    config_take(reader, bank, name, text0, key_place, &place);
}

static void take_bank_keys(struct config_reader *reader, struct config_bank *bank,
                           struct fy_node *node)
{
    void *iterator = NULL;
    struct fy_node_pair *pair;
    while ((pair = fy_node_mapping_iterate(node, &iterator)) != NULL) {
        struct config_place place;
        const char *key = take_key(reader, pair, &place);
        if (key != NULL)
            take_value(reader, bank, key, fy_node_pair_value(pair), &place);
    }
}

static void take_banks(struct config_reader *reader, struct fy_node *node)
{
    void *iterator = NULL;
    struct fy_node_pair *pair;
    while ((pair = fy_node_mapping_iterate(node, &iterator)) != NULL) {
        struct config_place place;
        const char *name = take_key(reader, pair, &place);
        struct config_bank *bank = name == NULL ? NULL : config_take_bank(reader, name, &place);
        struct fy_node *value = fy_node_pair_value(pair);
        if (bank == NULL)
            continue;
        if (value == NULL || !fy_node_is_mapping(value))
            config_error(reader, &place, NULL, "banks.%s must be a section of keys", name);
        else
            take_bank_keys(reader, bank, value);
    }
}

static void take_section(struct config_reader *reader, const char *section, struct fy_node *node)
{
    void *iterator = NULL;
    struct fy_node_pair *pair;
    while ((pair = fy_node_mapping_iterate(node, &iterator)) != NULL) {
        struct config_place place;
        const char *key = take_key(reader, pair, &place);
        char name[96];
        if (key == NULL)
            continue;
        snprintf(name, sizeof name, "%s.%s", section, key);
        take_value(reader, NULL, name, fy_node_pair_value(pair), &place);
    }
}

/* A section whose keys are all commented out says nothing. */
static bool is_empty_section(const char *key, struct fy_node *node)
{
    size_t bytes = strlen(key);
    if (node != NULL && !(fy_node_is_scalar(node) && !fy_node_is_alias(node) &&
                          fy_node_get_scalar_length(node) == 0))
        return false;
    for (size_t i = 0; i < config_key_count; i++) {
        if (strncmp(config_keys[i].name, key, bytes) == 0 && config_keys[i].name[bytes] == '.')
            return true;
    }
    return strcmp(key, "banks") == 0;
}

static void take_root(struct config_reader *reader, struct fy_node *root)
{
    void *iterator = NULL;
    struct fy_node_pair *pair;
    while ((pair = fy_node_mapping_iterate(root, &iterator)) != NULL) {
        struct config_place place;
        const char *key = take_key(reader, pair, &place);
        struct fy_node *value = fy_node_pair_value(pair);
        if (key == NULL || is_empty_section(key, value))
            continue;
        if (value == NULL || !fy_node_is_mapping(value))
            take_value(reader, NULL, key, value, &place);
        else if (strcmp(key, "banks") == 0)
            take_banks(reader, value);
        else
            take_section(reader, key, value);
    }
}

/* Nothing but blanks and comments? The parser makes no document of that. */
static bool is_blank(const struct config_reader *reader)
{
    const char *at = reader->sources->text;
    const char *end = at + reader->sources->text_bytes;
    while (at < end) {
        if (*at == '#')
            while (at < end && *at != '\n')
                at++;
        else if (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')
            at++;
        else
            return false;
    }
    return true;
}

static void report_syntax(struct config_reader *reader, struct fy_diag *diag)
{
    void *iterator = NULL;
    struct fy_diag_error *error;
    while ((error = fy_diag_errors_iterate(diag, &iterator)) != NULL) {
        struct config_place place = {
            .from = CONFIG_FROM_FILE,
            .line = error->line > 0 ? error->line : 1,
            .column = error->column > 0 ? error->column : 1,
        };
        config_error(reader, &place, NULL, "%s", error->msg);
    }
    struct config_place start = {.from = CONFIG_FROM_FILE, .line = 1, .column = 1};
    if (reader->error_count == 0 && !is_blank(reader))
        config_error(reader, &start, NULL, "not YAML");
}

/*
 * What the parser does not survive or lets pass: it never comes back from bytes that are no UTF-8
 * in a directive, and takes controls in comments.
 */
static bool check_bytes(struct config_reader *reader)
{
    const char *text = reader->sources->text;
    const char *end = text + reader->sources->text_bytes;
    struct config_place place = {.from = CONFIG_FROM_FILE, .line = 1, .column = 1};
    const char *begin = text;
    for (const char *at = text; at <= end; at++) {
        if (at < end && *at != '\n' && *at != '\t' && *at != '\r')
            continue;
        if (!text_is_clean(begin, (size_t)(at - begin))) {
            config_error(reader, &place, "save it as UTF-8",
                         "the line has control characters or is not UTF-8");
            return false;
        }
        begin = at + 1;
        if (at < end && *at == '\n')
            place.line++;
    }
    return true;
}

void config_read_file(struct config_reader *reader)
{
    const struct config_sources *sources = reader->sources;
    if (!check_bytes(reader))
        return;
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    struct fy_diag *diag = fy_diag_create(&diag_config);
    CHECK(diag != NULL);
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg parse = {.flags = FYPCF_QUIET, .diag = diag};
    struct fy_document *document =
        fy_document_build_from_string(&parse, sources->text, sources->text_bytes);
    struct fy_node *root = document == NULL ? NULL : fy_document_root(document);
    struct config_place start = {.from = CONFIG_FROM_FILE, .line = 1, .column = 1};
    if (document == NULL)
        report_syntax(reader, diag);
    else if (root != NULL && fy_node_is_mapping(root))
        take_root(reader, root);
    else if (root != NULL && !(fy_node_is_scalar(root) && fy_node_get_scalar_length(root) == 0))
        config_error(reader, &start, NULL, "the file must be a mapping of keys");
    fy_document_destroy(document);
    fy_diag_destroy(diag);
}
